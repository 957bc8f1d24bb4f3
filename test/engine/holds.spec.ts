import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { around, event, failure, seeingRoutes } from './faults.js';
import { EngineWorld, black, eventually, operator, quickPlan, weights } from './harness.js';

const hourMs = 3_600_000;

describe('a hold', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });
  const view = (id: string) => world.rollouts.get(operator, id);
  const holding = (id: string, stepIndex = 0) =>
    eventually(
      `the hold of step ${String(stepIndex)}`,
      async () => {
        const rollout = await view(id);
        return rollout.reason === 'StepIsHolding' && rollout.stepIndex === stepIndex && rollout;
      },
      20_000,
    );

  it('of 30 days is counted beyond its 25th day', async () => {
    await world.replica('a');
    const steps = [{ shares: { red: 50, black: 50 }, holdMs: 30 * 24 * hourMs }];
    const id = await world.startRollout(quickPlan('rte_1', { steps: { kind: 'explicit', steps } }));
    await holding(id);
    // what a pause banked before: an integer ends at 2147483647
    await world.pool.query(`UPDATE rollout_routes SET held_ms = 2147483640 WHERE rollout_id = $1`, [id]);
    await eventually('more than an integer holds', async () => {
      await world.rollouts.verb(operator, id, 'pause');
      const { rows } = await world.pool.query<{ held: string }>('SELECT held_ms AS held FROM rollout_routes');
      await world.rollouts.verb(operator, id, 'resume');
      return Number(rows[0]!.held) > 2_147_483_647;
    });
  });

  it('that has ended by itself is not ended again in the place of the next one', async () => {
    let writes = 0;
    const { promise, resolve } = event();
    around(world, 'writeWeights', (original) => async (...call) => {
      writes += 1;
      if (writes === 2) await promise;
      return original(...call);
    });
    await world.replica('a');
    const id = await world.startRollout(
      quickPlan('rte_1', {
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 90, black: 10 }, holdMs: 100 },
            { shares: { red: 50, black: 50 }, holdMs: hourMs },
            { shares: { red: 0, black: 100 }, holdMs: hourMs },
          ],
        },
      }),
    );
    await eventually('the write of the second step in flight', async () => writes === 2);
    // the operator's page still shows the hold of the first step
    await expect(world.rollouts.verb(operator, id, 'advance', { stepIndex: 0 })).rejects.toMatchObject({
      reason: 'StepHasEnded',
      facts: { stepIndex: 1 },
    });
    await expect(world.rollouts.verb(operator, id, 'advance')).rejects.toMatchObject({ reason: 'NoHoldToEnd' });
    resolve();
    await holding(id, 1);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    await world.rollouts.verb(operator, id, 'advance', { stepIndex: 1 });
    await holding(id, 2);
  });

  it('is not served while nobody can see: an outage costs its length', async () => {
    let isDown = false;
    seeingRoutes(world, (_arn, read) => {
      if (isDown) throw failure('transient', 'ServiceUnavailable');
      return read;
    });
    around(world, 'targetHealth', (original) => async (...call) => {
      if (isDown) throw failure('transient', 'ServiceUnavailable');
      return original(...call);
    });
    await world.replica('a');
    const holdMs = 1_000;
    const steps = [
      { shares: { red: 50, black: 50 }, holdMs },
      { shares: { red: 0, black: 100 }, holdMs: hourMs },
    ];
    const id = await world.startRollout(quickPlan('rte_1', { settleMs: 0, steps: { kind: 'explicit', steps } }));
    const { verifiedAt } = await holding(id);
    isDown = true;
    await eventually('that it cannot see', async () => (await view(id)).reason === 'AwsUnreachable');
    const outageMs = 1_500;
    await eventually('an outage longer than the hold', async () => Date.now() - Date.parse(verifiedAt!) > outageMs);
    expect((await view(id)).stepIndex).toBe(0);
    isDown = false;
    const back = Date.now();
    await holding(id, 1);
    // some of the hold was served before the outage, and two periods (50 ms) of it count as seen
    expect(Date.now() - back).toBeGreaterThan(holdMs / 2);
  });

  it('is not served while what is seen does not pass', async () => {
    await world.replica('a');
    const steps = [
      { shares: { red: 50, black: 50 }, holdMs: 700 },
      { shares: { red: 0, black: 100 }, holdMs: hourMs },
    ];
    const id = await world.startRollout(quickPlan('rte_1', { settleMs: 0, steps: { kind: 'explicit', steps } }));
    await holding(id);
    world.loadBalancer.setHealth(black, { unhealthy: 2 });
    await eventually('the block', async () => (await view(id)).state === 'Blocked');
    expect((await view(id)).stepIndex).toBe(0);
  });
});
