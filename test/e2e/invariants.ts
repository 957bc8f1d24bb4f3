import pg from 'pg';
import type { AwsRequest } from './stack.js';

/** What two independent logs must agree on: the requests that AWS got, and the ledger. Each entry is one broken invariant. */
export async function brokenInvariants(
  databaseUrl: string,
  requests: readonly AwsRequest[],
  route: { readonly id: string; readonly arn: string },
): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: intents } = await client.query<IntentRow>(
      `SELECT i.*, d.state AS decision_state FROM intents i JOIN decisions d ON d.id = i.decision_id WHERE i.route_id = $1 ORDER BY i.seq`,
      [route.id],
    );
    const { rows: shifts } = await client.query<ShiftRow>(
      `SELECT rollout_id, step_index FROM decisions WHERE kind = 'shift' AND project_id = (SELECT project_id FROM routes WHERE id = $1) ORDER BY seq`,
      [route.id],
    );
    const { rows: rollouts } = await client.query<RolloutRow>(
      `SELECT r.id, r.state, p.body AS plan FROM rollouts r JOIN frozen_plans p ON p.id = r.frozen_plan_id
       WHERE r.id IN (SELECT rollout_id FROM rollout_routes WHERE route_id = $1)`,
      [route.id],
    );
    const writes = requests
      .filter((one) => isWriteTo(one, route.arn))
      .map((one) => ({ atMs: one.atMs, outcome: one.outcome, weights: weightsIn(one.params) }));
    return [
      ...lawful(writes),
      ...explained(writes, intents),
      ...inOrder(shifts),
      ...neverEarly(intents, rollouts),
      ...settled(intents),
    ];
  } finally {
    await client.end();
  }
}

type Weights = Readonly<Record<string, number>>;
interface Write {
  readonly atMs: number;
  readonly outcome: string;
  readonly weights: Weights;
}
interface IntentRow {
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
interface ShiftRow {
  rollout_id: string;
  step_index: number;
}
interface RolloutRow {
  id: string;
  state: string;
  plan: { settleMs: number; steps: { holdMs: number }[] };
}

function isWriteTo({ action, params }: AwsRequest, arn: string): boolean {
  return (
    (action === 'ModifyListener' || action === 'ModifyRule') &&
    (params['ListenerArn'] === arn || params['RuleArn'] === arn)
  );
}

function weightsIn(params: Readonly<Record<string, string>>): Weights {
  const arns = Object.entries(params).filter(([key]) =>
    /ForwardConfig\.TargetGroups\.member\.\d+\.TargetGroupArn$/.test(key),
  );
  return Object.fromEntries(arns.map(([key, arn]) => [arn, Number(params[key.replace(/TargetGroupArn$/, 'Weight')])]));
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

/** I8: the effective changes at AWS are exactly the applied intents, in their order. */
function explained(writes: readonly Write[], intents: readonly IntentRow[]): string[] {
  const effective = writes
    .filter(({ outcome }) => outcome === 'OK' || outcome === 'Dropped' || outcome === 'Late')
    .map(({ weights }) => key(weights));
  const changes = effective.filter((one, index) => one !== effective[index - 1]);
  const applied = intents
    .filter((intent) => intent.state === 'applied')
    .map((intent) => key(Object.fromEntries(intent.after.map((one) => [one.targetGroupArn, one.weight]))));
  const decided = applied.filter((one, index) => one !== applied[index - 1]);
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

/** Nothing open, every decision ended. */
function settled(intents: readonly IntentRow[]): string[] {
  return intents
    .filter((intent) => intent.state === 'pending' || intent.state === 'sent' || intent.decision_state === 'decided')
    .map((intent) => `I8: intent ${intent.id} is still ${intent.state}, its decision ${intent.decision_state}`);
}
