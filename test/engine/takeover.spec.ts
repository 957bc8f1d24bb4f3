import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CrashPoint } from '@sluice/control';
import { EngineWorld, eventually, operator, quickPlan, weights } from './harness.js';
import { PostgresLaneStore } from '@sluice/postgres';

/** A replica that dies: whatever it was about to do at that point never happens, and nothing of it is cleaned up. */
class Died extends Error {}

const points: readonly CrashPoint[] = ['beforeMarkSent', 'afterMarkSent', 'afterWrite', 'afterSettle'];

describe('a lane whose owner dies', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });

  it.each(points)(
    'is taken over after a death %s: same end, no step doubled or lost, one decision for every weight',
    async (point) => {
      let died = false;
      const dying = await world.replica('a', {
        settings: { leaseMs: 600 },
        crashPoint: (at) => {
          died ||= at === point;
          if (died) throw new Died();
        },
      });
      const id = await world.startRollout();
      await eventually('the death', async () => died);
      dying.die();
      const survivor = await world.replica('b', { settings: { leaseMs: 600 } });
      await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded', 25_000);
      await survivor.stop();
      expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
      const effective = world.loadBalancer.writes.filter(
        (write) => JSON.stringify(write.before) !== JSON.stringify(write.after),
      );
      expect(effective.map((write) => write.after)).toEqual([weights(90, 10), weights(50, 50), weights(0, 100)]);
      const { decisions } = await world.rollouts.timeline(operator, id);
      expect(decisions.filter((one) => one.kind === 'shift').map((one) => [one.stepIndex, one.state])).toEqual([
        [0, 'applied'],
        [1, 'applied'],
        [2, 'applied'],
      ]);
    },
  );

  it('says that AWS cannot be read when a write that the dead one left waits for that, and goes on when it can', async () => {
    let died = false;
    const dying = await world.replica('a', {
      settings: { leaseMs: 600 },
      crashPoint: (at) => {
        died ||= at === 'afterMarkSent';
        if (!died) return;
        world.loadBalancer.faults.outage = { code: 'ServiceUnavailable', kind: 'transient' };
        throw new Died();
      },
    });
    const id = await world.startRollout();
    await eventually('the death', async () => died);
    dying.die();
    await world.replica('b', { settings: { leaseMs: 600 } });
    await eventually('the reason', async () =>
      (await world.rollouts.get(operator, id)).message.includes("can't be read back from AWS yet (ServiceUnavailable)"),
    );
    world.loadBalancer.faults.outage = null;
    await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
  });

  it('waits out the old lease and a request before the new owner writes', async () => {
    const store = new PostgresLaneStore(world.pool);
    const [first] = await store.claim('a', 300, 500);
    await eventually('the lease to end', async () => {
      const [taken] = await store.claim('b', 300, 500);
      if (!taken) return false;
      expect(taken.epoch).toBe(first!.epoch + 1n);
      expect(taken.writesInMs).toBeGreaterThan(400);
      return true;
    });
  });

  it('refuses a stale owner: its epoch marks nothing as sent and settles nothing', async () => {
    const store = new PostgresLaneStore(world.pool);
    const [stale] = await store.claim('a', 50, 10);
    await eventually('a new owner', async () => (await store.claim('b', 5_000, 10)).length === 1);
    await world.pool.query(
      `INSERT INTO decisions (id, project_id, kind, reason, message, actor) VALUES ('dec_x', 'prj_1', 'x', 'x', 'x', 'x')`,
    );
    await world.pool.query(
      `INSERT INTO intents (id, project_id, account_id, route_id, decision_id, purpose, priority, before, after, min_healthy_targets, max_fact_age_ms) VALUES ('int_x', 'prj_1', 'acc_1', 'rte_1', 'dec_x', 'oneOff', 1, '[]', '[]', 1, 1000)`,
    );
    expect(await store.markSent(stale!, 'int_x', 100, weights(80, 20))).toBe(false);
    expect(await store.settle(stale!, 'int_x', { state: 'applied', message: '', live: [], requestId: null })).toBe(
      false,
    );
    expect((await world.pool.query(`SELECT state FROM intents WHERE id = 'int_x'`)).rows).toEqual([
      { state: 'pending' },
    ]);
  });

  it('gives the lane away at once when it stops in order', async () => {
    const first = await world.replica('a');
    const id = await world.startRollout(
      quickPlan('rte_1', {
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 50, black: 50 }, holdMs: 500 },
            { shares: { red: 0, black: 100 }, holdMs: 0 },
          ],
        },
      }),
    );
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    await first.stop();
    const started = Date.now();
    await world.replica('b');
    await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
    expect(Date.now() - started).toBeLessThan(2_000);
  });
});

describe('two replicas on one Postgres', () => {
  it('advance a rollout once, whoever wakes it', async () => {
    const world = await EngineWorld.start();
    try {
      await Promise.all([world.replica('a'), world.replica('b')]);
      const id = await world.startRollout();
      await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
      expect(world.loadBalancer.writes.map((write) => write.after)).toEqual([
        weights(90, 10),
        weights(50, 50),
        weights(0, 100),
      ]);
      const { decisions } = await world.rollouts.timeline(operator, id);
      expect(decisions.filter((one) => one.kind === 'shift')).toHaveLength(3);
    } finally {
      await world.stop();
    }
  });
});
