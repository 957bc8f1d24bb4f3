import type { FrozenRouteOf } from './plan.js';
import { targetGroupName } from '../format/text.js';

type Weights = readonly { readonly targetGroupArn: string; readonly weight: number }[];

/** One target group of a route as it is drawn and named everywhere. */
export interface Shown {
  readonly key: string;
  readonly name: string;
  readonly cluster: string | null;
  readonly targetGroupArn: string;
  readonly colour: string;
}

/** Colours that also people who don't see red and green tell apart. */
const colours = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)', 'var(--series-5)'];

/** Clusters are often named by a colour: green drawn in blue would be read wrong at night. */
const named: readonly (readonly [RegExp, string])[] = [
  [/\bred\b/i, 'var(--series-1)'],
  [/\bblue\b/i, 'var(--series-2)'],
  [/\bgreen\b/i, 'var(--series-3)'],
  [/\b(yellow|amber|gold|orange)\b/i, 'var(--series-4)'],
  [/\b(purple|violet)\b/i, 'var(--series-5)'],
  [/\b(black|gr[ae]y)\b/i, 'var(--series-ink)'],
];

/** By the colours in the backends' own names where each has one of its own, else by those of their clusters, else in order. */
function coloursOf(backends: FrozenRouteOf['backends']): readonly string[] {
  const byName = (text: string) => named.find(([pattern]) => pattern.test(text))?.[1];
  for (const texts of [backends.map(({ name }) => name), backends.map(({ clusterName }) => clusterName)]) {
    const found = texts.flatMap((text) => byName(text) ?? []);
    if (new Set(found).size === backends.length) return found;
  }
  return colours;
}

/** The route's backends, those that had the most traffic before the rollout first; then what else is pinned in the action. */
export function shownOf(route: FrozenRouteOf): readonly Shown[] {
  const before = (arn: string) => permilleOf(route.baseline, arn);
  const backends = [...route.backends].sort(
    (a, b) => before(b.targetGroupArn) - before(a.targetGroupArn) || a.name.localeCompare(b.name),
  );
  const colourAt = coloursOf(backends);
  return [
    ...backends.map(({ name, clusterName, targetGroupArn }, index) => ({
      key: name,
      name,
      cluster: clusterName,
      targetGroupArn,
      colour: colourAt[index] ?? 'var(--series-other)',
    })),
    ...route.pinned.map((arn) => ({
      key: arn,
      name: `${targetGroupName(arn)} (pinned)`,
      cluster: null,
      targetGroupArn: arn,
      colour: 'var(--series-other)',
    })),
  ];
}

/** The backends of all routes by name, as the first route that has them draws them; target groups differ from route to route. */
export function shownOfAll(routes: readonly FrozenRouteOf[]): readonly Shown[] {
  const byName = new Map<string, Shown>();
  for (const route of routes)
    for (const one of shownOf(route)) if (one.cluster !== null && !byName.has(one.key)) byName.set(one.key, one);
  return [...byName.values()];
}

/** A target group's share in tenths of a percent. */
export function permilleOf(weights: Weights, arn: string): number {
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  const own = weights.find(({ targetGroupArn }) => targetGroupArn === arn)?.weight ?? 0;
  return sum === 0 ? 0 : (own * 1_000) / sum;
}
