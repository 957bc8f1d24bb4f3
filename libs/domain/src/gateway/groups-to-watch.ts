import { own } from '../text/record.js';
import { shareOf } from '../weights/equal.js';
import type { Permille, Weights } from '../weights/types.js';

type Shares = Readonly<Record<string, Permille>>;

/** One route of an active rollout, as far as it matters whose health is looked at. */
export interface RouteInRollout {
  /** It goes to the shares before the rollout, or will when it is resumed. */
  readonly isGoingBack: boolean;
  readonly backends: readonly { readonly name: string; readonly targetGroupArn: string }[];
  readonly baseline: Weights;
  /** What explains the live weights. */
  readonly expected: Weights;
  /** Shares by backend name of the step before the current one, the current one and the next; null = there is none. */
  readonly before: Shares | null;
  readonly current: Shares | null;
  readonly next: Shares | null;
}

export interface WatchedGroup {
  readonly targetGroupArn: string;
  readonly as: 'raised' | 'donor';
}

/** Half a tenth of a percent: weights are integers and can't always say a share exactly. */
const rounding = 0.5;

/** Which target groups have to be healthy: those that get more now or next, and, less often, others that have a share. */
export function groupsToWatch(route: RouteInRollout): readonly WatchedGroup[] {
  return route.backends.flatMap(({ name, targetGroupArn }): WatchedGroup[] => {
    const has = shareOf(route.expected, targetGroupArn);
    const had = shareOf(route.baseline, targetGroupArn);
    const [before, current, next] = [route.before, route.current, route.next].map(
      (one) => one && (own(one, name) ?? 0),
    );
    const isRaised = route.isGoingBack
      ? had > 0
      : exceeds(current, before ?? had) || exceeds(current, has) || exceeds(next, has) || exceeds(next, current ?? had);
    if (isRaised) return [{ targetGroupArn, as: 'raised' }];
    return has > 0 || exceeds(current, 0) || exceeds(next, 0) ? [{ targetGroupArn, as: 'donor' }] : [];
  });
}

function exceeds(share: number | null | undefined, than: number): boolean {
  return (share ?? 0) > than + rounding;
}
