import type { Attempt, Grant } from './journal.js';

type Weights = Readonly<Record<string, number>>;
export interface Write {
  readonly arrivedMs: number;
  /** When it had been carried out. */
  readonly atMs: number;
  readonly outcome: string;
  readonly weights: Weights;
}
export interface IntentRow {
  id: string;
  rollout_id: string | null;
  state: string;
  step_index: number | null;
  purpose: string;
  after: { targetGroupArn: string; weight: number }[];
  settled_at: Date | null;
  sent_at: Date | null;
  decision_state: string;
}
export interface ShiftRow {
  rollout_id: string;
  step_index: number;
}
export interface RolloutRow {
  id: string;
  state: string;
  plan: { settleMs: number; steps: { holdMs: number }[] };
}

/** Of one route, each in its order. */
export interface Logs {
  /** As AWS got them. */
  readonly writes: readonly Write[];
  readonly intents: readonly IntentRow[];
  readonly shifts: readonly ShiftRow[];
  readonly rollouts: readonly RolloutRow[];
  readonly grants: readonly Grant[];
  readonly attempts: readonly Attempt[];
  /** The applied writes of the decision that explains what is live now. */
  readonly explaining: readonly Pick<IntentRow & { expected: IntentRow['after'] }, 'after' | 'expected'>[];
}

/** Wherein these logs don't agree. `undisturbed`: nobody but the engine was at work, however often it was killed or frozen. */
export function disagreements(logs: Logs, { undisturbed }: { readonly undisturbed: boolean }): string[] {
  const { writes, intents, shifts, rollouts, grants, attempts, explaining } = logs;
  const always = [
    ...lawful(writes),
    ...oneWriter(writes, grants, attempts),
    ...oneOwner(grants, attempts),
    ...explained(writes, intents),
    ...inOrder(shifts),
    ...neverEarly(intents, rollouts),
    ...settled(intents),
  ];
  if (!undisturbed) return always;
  return [
    ...always,
    ...onceEach(writes, shifts, rollouts),
    ...neverEarlyAtAws(writes, intents, rollouts),
    ...explainedNow(writes, explaining),
  ];
}

const key = (weights: Weights) => JSON.stringify(Object.entries(weights).sort());

/** I1: weights 0–999, at most five, sum above 0. */
function lawful(writes: readonly Write[]): string[] {
  return writes
    .filter(({ weights }) => {
      const all = Object.values(weights);
      return (
        all.length === 0 ||
        all.length > 5 ||
        all.some((one) => !Number.isInteger(one) || one < 0 || one > 999) ||
        all.every((one) => one === 0)
      );
    })
    .map(({ weights }) => `I1: unlawful weights sent: ${key(weights)}`);
}

/**
 * I7: AWS got nothing that its sender hadn't marked as sent before, once a mark, and nothing after the end of the lease that
 * it was marked under; and it was all over before anything was marked under the next one.
 */
function oneWriter(writes: readonly Write[], grants: readonly Grant[], attempts: readonly Attempt[]): string[] {
  const unused = new Set(attempts);
  const endOf = ({ epoch }: Attempt) => grants.find((one) => one.epoch === epoch)?.lease_until.getTime() ?? 0;
  const nextOf = ({ epoch }: Attempt) =>
    attempts.find((one) => Number(one.epoch) > Number(epoch))?.sent_at.getTime() ?? Infinity;
  const told = ({ weights, arrivedMs }: Write) => `I7: AWS got ${key(weights)} at ${new Date(arrivedMs).toISOString()}`;
  return [...writes]
    .sort((a, b) => a.arrivedMs - b.arrivedMs)
    .flatMap((write) => {
      const same = [...unused].filter((one) => keyOf(one.after) === key(write.weights));
      const mark = same.findLast((one) => one.sent_at.getTime() <= write.arrivedMs);
      if (!mark) return [`${told(write)}, which nobody was to send then`];
      unused.delete(mark);
      return [
        ...(write.arrivedMs <= endOf(mark) ? [] : [`${told(write)}, after the lease of its sender had ended`]),
        ...(write.atMs < nextOf(mark) ? [] : [`${told(write)}, carried out when the next owner wrote already`]),
      ];
    });
}

/** I7: a lease ends before the next one begins, and what was marked under it is over before anything of the next is marked. */
function oneOwner(grants: readonly Grant[], attempts: readonly Attempt[]): string[] {
  const overlapping = grants.flatMap((grant, i) => {
    const before = grants[i - 1];
    return before && before.lease_until > grant.granted_at
      ? [`I7: epoch ${grant.epoch} began while ${before.epoch} was leased to ${before.owner}`]
      : [];
  });
  const stale = attempts.flatMap((attempt, i) => {
    const before = attempts[i - 1];
    if (!before || before.epoch === attempt.epoch) return [];
    return Number(before.epoch) < Number(attempt.epoch) && before.deadline_at <= attempt.sent_at
      ? []
      : [`I7: ${attempt.intent_id} was marked in epoch ${attempt.epoch} before the last of ${before.epoch} was over`];
  });
  return [...overlapping, ...stale];
}

const isEffective = ({ outcome }: Write) => outcome === 'OK' || outcome === 'Dropped' || outcome === 'Late';
const keyOf = (weights: IntentRow['after'] | Attempt['after']) =>
  key(Object.fromEntries(weights.map((one) => [one.targetGroupArn, one.weight])));

/** The writes that changed something, and the intents that say so, each in their order. */
function changesOf(writes: readonly Write[], intents: readonly IntentRow[]) {
  const effective = writes.filter(isEffective);
  const applied = intents.filter((intent) => intent.state === 'applied');
  return {
    writes: effective.filter((one, i) => key(one.weights) !== key(effective[i - 1]?.weights ?? {})),
    intents: applied.filter((one, i) => keyOf(one.after) !== keyOf(applied[i - 1]?.after ?? [])),
  };
}

/** I8: the effective changes at AWS are exactly the applied intents, in their order. */
function explained(writes: readonly Write[], intents: readonly IntentRow[]): string[] {
  const both = changesOf(writes, intents);
  const changes = both.writes.map((one) => key(one.weights));
  const decided = both.intents.map((one) => keyOf(one.after));
  return JSON.stringify(changes) === JSON.stringify(decided)
    ? []
    : [
        `I8: AWS changed ${String(changes.length)} times, the ledger explains ${String(decided.length)}:\n  ${changes.join('\n  ')}\n  --\n  ${decided.join('\n  ')}`,
      ];
}

/** I4: no step skipped or repeated. A step that went on after an interruption appears again with the same number. */
function inOrder(shifts: readonly ShiftRow[]): string[] {
  const last = new Map<string, number>();
  return shifts.flatMap(({ rollout_id: id, step_index: index }) => {
    const before = last.get(id) ?? -1;
    last.set(id, index);
    return index === before + 1 || index === before
      ? []
      : [`I4: rollout ${id} went from step ${String(before)} to ${String(index)}`];
  });
}

/** I5: no step is sent before the one before it has been verified and held. */
function neverEarly(intents: readonly IntentRow[], rollouts: readonly RolloutRow[]): string[] {
  return rollouts.flatMap(({ id, plan }) => {
    const steps = intents.filter(
      (intent) => intent.rollout_id === id && intent.purpose === 'step' && intent.state === 'applied' && intent.sent_at,
    );
    return steps.flatMap((intent, index) => {
      const before = steps[index - 1];
      if (!before?.settled_at || before.step_index === intent.step_index) return [];
      const holdMs = Math.max(plan.settleMs, plan.steps[before.step_index ?? 0]?.holdMs ?? 0);
      const waitedMs = intent.sent_at!.getTime() - before.settled_at.getTime();
      return waitedMs >= holdMs
        ? []
        : [
            `I5: rollout ${id} sent step ${String(intent.step_index)} after ${String(waitedMs)} ms of a ${String(holdMs)} ms hold`,
          ];
    });
  });
}

/** I5 by AWS's clock: between two steps lies at least the hold of the first. */
function neverEarlyAtAws(
  writes: readonly Write[],
  intents: readonly IntentRow[],
  rollouts: readonly RolloutRow[],
): string[] {
  const both = changesOf(writes, intents);
  return both.intents.flatMap((intent, i) => {
    const before = both.intents[i - 1];
    const plan = rollouts.find(({ id }) => id === intent.rollout_id)?.plan;
    if (!before || !plan || before.rollout_id !== intent.rollout_id) return [];
    const holdMs = Math.max(plan.settleMs, plan.steps[before.step_index ?? 0]?.holdMs ?? 0);
    const waitedMs = (both.writes[i]?.atMs ?? 0) - (both.writes[i - 1]?.atMs ?? 0);
    return waitedMs >= holdMs
      ? []
      : [`I5: AWS got step ${String(intent.step_index)} of ${String(intent.rollout_id)} after ${String(waitedMs)} ms`];
  });
}

/** I4, I8, I21: every rollout has succeeded, each of its steps was decided once, and AWS was never told the same twice. */
function onceEach(writes: readonly Write[], shifts: readonly ShiftRow[], rollouts: readonly RolloutRow[]): string[] {
  const effective = writes.filter(isEffective).map(({ weights }) => key(weights));
  return [
    ...effective.flatMap((one, i) => (one === effective[i - 1] ? [`I8: AWS was told twice: ${one}`] : [])),
    ...rollouts.flatMap(({ id, state, plan }) => {
      const decided = shifts.filter((one) => one.rollout_id === id).map((one) => one.step_index);
      return [
        ...(state === 'Succeeded' ? [] : [`I21: rollout ${id} is ${state}`]),
        ...(JSON.stringify(decided) === JSON.stringify(plan.steps.map((_, index) => index))
          ? []
          : [`I4: the steps of ${id} were decided as ${JSON.stringify(decided)}`]),
      ];
    }),
  ];
}

/** I8: what is live is what one decision, and it alone, says. */
function explainedNow(writes: readonly Write[], explaining: Logs['explaining']): string[] {
  const live = key(writes.filter(isEffective).at(-1)?.weights ?? {});
  const said = explaining.flatMap(({ after, expected }) => [keyOf(after), keyOf(expected)]);
  return explaining.length === 1 && said.every((one) => one === live)
    ? []
    : [`I8: ${live} is live, explained by ${JSON.stringify(said)}`];
}

/** Nothing open, every decision ended. */
function settled(intents: readonly IntentRow[]): string[] {
  return intents
    .filter((intent) => intent.state === 'pending' || intent.state === 'sent' || intent.decision_state === 'decided')
    .map((intent) => `I8: intent ${intent.id} is still ${intent.state}, its decision ${intent.decision_state}`);
}
