import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CrashPoint } from '@sluice/control';
import { EngineWorld, eventually, operator, quickPlan, weights } from './harness.js';
import { PostgresGatewayStore } from '@sluice/postgres';
import { around, event, failure, seeingRoutes } from './faults.js';

/** A replica that dies: whatever it was about to do at that point never happens, and nothing of it is cleaned up. */
class Died extends Error {}

const holding = (routeId: string) =>
  quickPlan(routeId, {
    steps: { kind: 'explicit', steps: [{ shares: { red: 50, black: 50 }, holdMs: 60_000 }] },
  });

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
      const survivor = await world.replica('b');
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
    await world.replica('b');
    await eventually('the reason', async () =>
      (await world.rollouts.get(operator, id)).message.includes("can't be read back from AWS yet (ServiceUnavailable)"),
    );
    world.loadBalancer.faults.outage = null;
    await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
  });

  it('is held up by a write that cannot be read back on that route alone: a rollback of another goes', async () => {
    const other = await world.addRoute('rte_2');
    const first = await world.replica('first');
    const id = await world.startRollout(holding('rte_1'));
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    await first.stop();
    let died = false;
    let isRead = true;
    seeingRoutes(world, (arn, read) => {
      if (arn === other && !isRead) throw failure('transient', 'InternalFailure');
      return read;
    });
    const dying = await world.replica('a', {
      settings: { leaseMs: 600 },
      crashPoint: (at) => {
        died ||= at === 'afterMarkSent';
        if (!died) return;
        isRead = false;
        throw new Died();
      },
    });
    const slow = await world.startRollout(holding('rte_2'));
    await eventually('the death', async () => died);
    dying.die();
    await world.replica('b');
    await world.rollouts.verb(operator, id, 'rollback');
    await eventually('the rollback', async () => (await world.rollouts.get(operator, id)).state === 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
    isRead = true;
    await eventually('the other', async () => (await world.rollouts.get(operator, slow)).reason === 'StepIsHolding');
  });

  it('sends nothing under a lease that ran out while its process slept, and the next owner goes on', async () => {
    const goOn = event();
    let isAsleep = false;
    around(world, 'readActions', (original) => async (...call) => {
      if (isAsleep) await goOn.promise;
      return original(...call);
    });
    const sleeper = await world.replica('a', { settings: { leaseMs: 600 } });
    isAsleep = true;
    const id = await world.startRollout(holding('rte_1'));
    await eventually(
      'the write decided',
      async () => (await world.rollouts.timeline(operator, id)).intents.length === 1,
    );
    // what a stopped process doesn't do either: renew, or claim what it lost
    const never = () => new Promise(() => undefined);
    Object.assign(sleeper.gateways, { renew: never, claim: never });
    await eventually('the end of its lease', async () => {
      const { rows } = await world.pool.query('SELECT 1 FROM gateways WHERE lease_until < clock_timestamp()');
      return rows.length > 0;
    });
    isAsleep = false;
    await world.replica('b');
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    expect(world.loadBalancer.writes).toHaveLength(1);
    goOn.resolve();
    await sleeper.stop();
    expect(world.loadBalancer.writes).toHaveLength(1);
    const { rows } = await world.pool.query('SELECT attempts, epoch FROM intents');
    expect(rows).toEqual([{ attempts: 1, epoch: '2' }]);
  });

  it('waits out a request after the old lease before the new owner writes', async () => {
    const store = new PostgresGatewayStore(world.databaseUrl, 3_000);
    try {
      const [first] = await store.claim('a', 300, 500, 1);
      await eventually('the lease to end', async () => {
        const [taken] = await store.claim('b', 300, 500, 1);
        if (!taken) return false;
        expect(taken.epoch).toBe(first!.epoch + 1n);
        expect(taken.writesInMs).toBeGreaterThan(400);
        expect(taken.waitOutRouteIds).toBeNull();
        return true;
      });
    } finally {
      await store.close();
    }
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
