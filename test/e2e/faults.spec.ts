import { ElasticLoadBalancingV2Client, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBackOrForth } from './back-and-forth.js';
import { brokenInvariants } from './invariants.js';
import { Stack, eventually, type Replica, type Upgrade } from './stack.js';

interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly stepIndex: number;
  readonly reason: string;
  readonly message: string;
  readonly diffs: readonly unknown[];
}

describe('a real upgrade over real HTTP, with things breaking', () => {
  let stack: Stack;
  let replica: Replica;
  let upgrade: Upgrade;

  beforeAll(async () => {
    stack = await Stack.start();
    replica = await stack.replica();
    upgrade = await stack.upgrade(replica);
  }, 240_000);

  afterAll(async () => {
    await stack.stop();
  }, 60_000);

  const get = (id: string, from = replica) => stack.rest(from).get(`/rollouts/${id}`) as Promise<Rollout>;
  async function reaches(id: string, state: string): Promise<Rollout> {
    let last: Rollout | null = null;
    try {
      return await eventually(
        `${id} in ${state}`,
        async () => {
          last = await get(id).catch(() => last);
          if (last?.state === 'Blocked' && state !== 'Blocked') throw new Error('a person would be needed');
          return last?.state === state && last;
        },
        60_000,
      );
    } catch (error) {
      const timeline = await stack.rest(replica).get(`/rollouts/${id}/timeline`).catch(String);
      throw new Error(
        `${String(error)}; last seen: ${JSON.stringify({ ...(last ?? {}), plan: undefined })}\n${JSON.stringify(timeline, null, 1)}`,
        { cause: error },
      );
    }
  }
  const verb = (id: string, name: string, from = replica) =>
    stack.rest(from).post(`/rollouts/${id}:${name}`, {}) as Promise<Rollout>;

  const startRollout = (holdMs: number) => startBackOrForth(stack, replica, upgrade, { holdMs });

  const stepsLanded = () =>
    stack.awsRequests().filter(({ action, outcome }) => action === 'ModifyListener' && outcome === 'OK').length;

  async function isHolding(id: string, stepIndex: number): Promise<void> {
    const seen: string[] = [];
    const held = eventually(`step ${String(stepIndex)} held`, async () => {
      const now = await get(id).catch(() => null);
      if (now === null) return false;
      const line = `${now.state} step ${String(now.stepIndex)} ${now.reason}: ${now.message}`;
      if (seen.at(-1) !== line) seen.push(line);
      return now.stepIndex === stepIndex && now.reason === 'StepIsHolding';
    });
    await held.catch((error: unknown) => {
      throw new Error(`${String(error)}; seen until then:\n${seen.join('\n')}`, { cause: error });
    });
  }

  it('goes on by the other replica when the one that owns the lane is killed', async () => {
    const other = await stack.replica();
    const id = await startRollout(2_000);
    await isHolding(id, 0);
    const owner = replica;
    replica = other;
    await owner.kill();
    await reaches(id, 'Succeeded');
    expect(await brokenInvariants(stack.databaseUrl, stack.awsRequests(), upgrade.route)).toEqual([]);
  }, 150_000);

  it('waits while Postgres is down, honours the remaining hold, and ends as it would have', async () => {
    const id = await startRollout(3_000);
    await isHolding(id, 0);
    stack.stopPostgres();
    const before = stack.awsRequests().length;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(stack.awsRequests()).toHaveLength(before);
    await stack.startPostgres();
    await reaches(id, 'Succeeded');
    expect(await brokenInvariants(stack.databaseUrl, stack.awsRequests(), upgrade.route)).toEqual([]);
  }, 150_000);

  it('settles a write whose reply was lost by reading, once', async () => {
    await stack.fault('aws.successThenTimeout', { actions: ['ModifyListener'], count: 1 });
    const id = await startRollout(500);
    await reaches(id, 'Succeeded');
    expect(await brokenInvariants(stack.databaseUrl, stack.awsRequests(), upgrade.route)).toEqual([]);
  }, 120_000);

  it('rolls back while a write is in flight, and aborts leaving the weights as they are', async () => {
    await stack.fault('aws.latency', { ms: 700 });
    const id = await startRollout(60_000);
    await eventually('a write in flight', async () =>
      (await stack.rest(replica).get(`/rollouts/${id}/timeline`)).intents.some(
        (intent: { state: string }) => intent.state === 'sent',
      ),
    );
    await verb(id, 'rollback');
    await reaches(id, 'RolledBack');
    const landed = stepsLanded();
    const again = await startRollout(60_000);
    await eventually('a write in flight', async () =>
      (await stack.rest(replica).get(`/rollouts/${again}/timeline`)).intents.some(
        (intent: { state: string }) => intent.state === 'sent',
      ),
    );
    await verb(again, 'abort');
    await stack.fault('aws.latency', null);
    await eventually('the write settled', async () =>
      (await stack.rest(replica).get(`/rollouts/${again}/timeline`)).intents.every(
        (intent: { state: string }) => intent.state !== 'sent' && intent.state !== 'pending',
      ),
    );
    expect((await get(again)).state).toBe('Aborted');
    // the abort broke the call off, but AWS had it already: it is drift now, and must not meet the next test's rollout
    await eventually('what AWS had in hand', async () => stepsLanded() > landed);
    await eventually('a look at it', async () => {
      const { weights } = await stack.rest(replica).get(`/routes/${upgrade.route.id}/live?fresh=true`);
      return weights.some(({ weight }: { weight: number }) => weight === 10);
    });
    expect(await brokenInvariants(stack.databaseUrl, stack.awsRequests(), upgrade.route)).toEqual([]);
  }, 150_000);

  it('stops at a console edit with a three-way diff, and puts its own weights back when told to reassert', async () => {
    const id = await startRollout(60_000);
    await isHolding(id, 0);
    const { aws } = stack.sandbox;
    const console_ = new ElasticLoadBalancingV2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws });
    const { weights } = await stack.rest(replica).get(`/routes/${upgrade.route.id}/live`);
    const edited = weights.map((one: { targetGroupArn: string }, index: number) => ({
      TargetGroupArn: one.targetGroupArn,
      Weight: index === 0 ? 33 : 67,
    }));
    await console_.send(
      new ModifyListenerCommand({
        ListenerArn: upgrade.route.arn,
        DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups: edited } }],
      }),
    );
    console_.destroy();
    const blocked = await reaches(id, 'Blocked');
    expect(blocked.reason).toBe('LiveWeightsDiffer');
    expect(blocked.diffs).toHaveLength(1);
    await verb(id, 'reassert');
    await isHolding(id, 0);
    expect((await stack.rest(replica).get(`/routes/${upgrade.route.id}/live`)).weights).toEqual(weights);
    await verb(id, 'rollback');
    await reaches(id, 'RolledBack');
  }, 120_000);
});
