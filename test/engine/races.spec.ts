import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Rollouts, type RolloutChange, type StoredRollout } from '@sluice/control';
import { PostgresRolloutStore } from '@sluice/postgres';
import { EngineWorld, eventually, operator, quickPlan, weights } from './harness.js';

const holding = quickPlan('rte_1', {
  steps: {
    kind: 'explicit',
    steps: [
      { shares: { red: 50, black: 50 }, holdMs: 60_000 },
      { shares: { red: 0, black: 100 }, holdMs: 0 },
    ],
  },
});

describe('two who want the same at once', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });

  /** Both come to the route's lock before either has it. */
  async function atTheLock(waiting: number, ask: () => readonly Promise<unknown>[]): Promise<string[]> {
    const client = await world.pool.connect();
    await client.query(`BEGIN; SELECT 1 FROM routes WHERE id = 'rte_1' FOR UPDATE`);
    const asked = Promise.allSettled(ask());
    await eventually('both at the lock', async () => {
      // not by the connection of the lock: within a transaction pg_stat_activity never changes
      const { rows } = await world.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return (rows[0]?.n ?? 0) >= waiting;
    });
    await client.query('COMMIT');
    client.release();
    return (await asked).map((one) =>
      one.status === 'fulfilled' ? 'done' : String((one.reason as { reason?: string }).reason),
    );
  }

  it('lets one of two one-off writes to a route through', async () => {
    const set = (shares: Record<string, number>) => world.oneOff.set(operator, 'rte_1', { shares, reason: 'race' });
    const answers = await atTheLock(2, () => [set({ red: 80, black: 20 }), set({ red: 70, black: 30 })]);
    expect(answers.sort()).toEqual(['RouteIsBusy', 'done']);
  });

  it('lets either a rollout or a one-off write have a route', async () => {
    const planId = await world.plan();
    const answers = await atTheLock(2, () => [
      world.rollouts.create(operator, { projectId: 'prj_1', planId, startAt: null }),
      world.oneOff.set(operator, 'rte_1', { shares: { red: 70, black: 30 }, reason: 'race' }),
    ]);
    expect(answers.sort()).toEqual(['RouteIsBusy', 'done']);
  });

  it('advances the hold that was seen, not the next one that began meanwhile', async () => {
    await world.replica('a');
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    const stepsMeanwhile = new (class extends PostgresRolloutStore {
      override async commit(rollout: StoredRollout, change: RolloutChange): Promise<boolean> {
        await world.pool.query(
          'UPDATE rollouts SET step_index = 1, version = version + 1 WHERE id = $1 AND step_index = 0',
          [rollout.id],
        );
        return super.commit(rollout, change);
      }
    })(world.pool, world.ids);
    const rollouts = new Rollouts({
      store: stepsMeanwhile,
      loadBalancer: world.loadBalancer,
      access: () => Promise.reject(new Error('unused')),
      ids: world.ids,
    });
    await expect(rollouts.verb(operator, id, 'advance')).rejects.toMatchObject({ reason: 'StepHasEnded' });
    expect((await world.rollouts.get(operator, id)).advanceRequestedBy).toBeNull();
  });

  it('has no drift left on a route whose live weights a person adopted', async () => {
    const { engine } = await world.replica('a');
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(60, 40) });
    await eventually('the block', async () => (await world.rollouts.get(operator, id)).state === 'Blocked');
    await world.rollouts.verb(operator, id, 'adopt');
    await world.rollouts.verb(operator, id, 'abort');
    await engine.driftSweep();
    const { rows } = await world.pool.query<{ expected: unknown; drift: unknown }>(
      'SELECT expected, drift FROM routes',
    );
    expect(rows).toEqual([{ expected: weights(60, 40), drift: null }]);
  });

  it('refuses to roll back, within the bake, a route that was let go of since', async () => {
    await world.replica('a');
    const id = await world.startRollout();
    await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
    await world.pool.query('DELETE FROM routes');
    await expect(world.rollouts.verb(operator, id, 'rollback')).rejects.toMatchObject({ reason: 'RouteMissing' });
    expect((await world.rollouts.get(operator, id)).state).toBe('Succeeded');
  });
});
