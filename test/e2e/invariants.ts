import pg from 'pg';
import { replayed } from '../replayed.js';
import { disagreements, type IntentRow, type Logs, type RolloutRow, type ShiftRow, type Write } from './agreement.js';
import { journalOf } from './journal.js';
import type { AwsRequest } from './stack.js';

/**
 * What independent logs must agree on: the requests that AWS got, the ledger, and the journal of who might write when; and
 * that the ledger replays. Each entry is one broken invariant. `undisturbed`: see `disagreements`.
 */
export async function brokenInvariants(
  databaseUrl: string,
  requests: readonly AwsRequest[],
  route: { readonly id: string; readonly arn: string },
  { undisturbed = false } = {},
): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const writes = requests.filter((one) => isWriteTo(one, route.arn)).map(writeOf);
    const logs = { writes, ...(await ledgerOf(client, route.id)), ...(await journalOf(databaseUrl, route.id)) };
    return [...disagreements(logs, { undisturbed }), ...(await replayed(client)).broken];
  } finally {
    await client.end();
  }
}

async function ledgerOf(
  client: pg.Client,
  routeId: string,
): Promise<Pick<Logs, 'intents' | 'shifts' | 'rollouts' | 'explaining'>> {
  const { rows: intents } = await client.query<IntentRow>(
    `SELECT i.*, d.state AS decision_state FROM intents i JOIN decisions d ON d.id = i.decision_id WHERE i.route_id = $1 ORDER BY i.seq`,
    [routeId],
  );
  const { rows: shifts } = await client.query<ShiftRow>(
    `SELECT rollout_id, step_index FROM decisions WHERE kind = 'shift' AND project_id = (SELECT project_id FROM routes WHERE id = $1) ORDER BY seq`,
    [routeId],
  );
  const { rows: rollouts } = await client.query<RolloutRow>(
    `SELECT r.id, r.state, p.body AS plan FROM rollouts r JOIN frozen_plans p ON p.id = r.frozen_plan_id
     WHERE r.id IN (SELECT rollout_id FROM rollout_routes WHERE route_id = $1)`,
    [routeId],
  );
  const { rows: explaining } = await client.query<Logs['explaining'][number]>(
    `SELECT i.after, r.expected FROM routes r JOIN intents i ON i.decision_id = r.explained_by AND i.route_id = r.id AND i.state = 'applied'
     WHERE r.id = $1`,
    [routeId],
  );
  return { intents, shifts, rollouts, explaining };
}

function isWriteTo({ action, params }: AwsRequest, arn: string): boolean {
  return (
    (action === 'ModifyListener' || action === 'ModifyRule') &&
    (params['ListenerArn'] === arn || params['RuleArn'] === arn)
  );
}

function writeOf({ arrivedMs, atMs, outcome, params }: AwsRequest): Write {
  return { arrivedMs, atMs, outcome, weights: weightsIn(params) };
}

function weightsIn(params: AwsRequest['params']): Write['weights'] {
  const arns = Object.entries(params).filter(([key]) =>
    /ForwardConfig\.TargetGroups\.member\.\d+\.TargetGroupArn$/.test(key),
  );
  return Object.fromEntries(arns.map(([key, arn]) => [arn, Number(params[key.replace(/TargetGroupArn$/, 'Weight')])]));
}
