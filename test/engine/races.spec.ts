import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReconcileRollout, StartRollout, type CommitResult, type LoadedRollout } from '@sluice/control';
import type { Change } from '@sluice/domain';
import { PostgresRolloutStore } from '@sluice/postgres';
import { EngineWorld, eventually, operator, quickPlan, weights } from './harness.js';

/** Somebody else commits before its first commit. */
class OvertakenOnce extends PostgresRolloutStore {
  readonly outcomes: CommitResult[] = [];
  override async commit(loaded: LoadedRollout, change: Change): Promise<CommitResult> {
    if (this.outcomes.length === 0) await this.overtake(loaded.rollout.id);
    const outcome = await super.commit(loaded, change);
    this.outcomes.push(outcome);
    return outcome;
  }
  constructor(
    world: EngineWorld,
    private readonly overtake: (id: string) => Promise<unknown>,
  ) {
    super(world.pool, world.ids);
  }
}

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

  /** All come to a lock that is held before any of them has it. */
  async function atTheLock(lock: string, waiting: number, ask: () => readonly Promise<unknown>[]): Promise<string[]> {
    const client = await world.pool.connect();
    await client.query(`BEGIN; ${lock}`);
    const asked = Promise.allSettled(ask());
    await eventually('all at the lock', async () => {
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
  const theRoute = `SELECT 1 FROM routes WHERE id = 'rte_1' FOR UPDATE`;
  const set = (shares: Record<string, number>) => world.oneOff.set(operator, 'rte_1', { shares, reason: 'race' });

  it('lets one of two one-off writes to a route through', async () => {
    const answers = await atTheLock(theRoute, 2, () => [set({ red: 80, black: 20 }), set({ red: 70, black: 30 })]);
    expect(answers.sort()).toEqual(['RouteIsBusy', 'done']);
  });

  it('lets either of two rollouts that start at once have a route', async () => {
    const planId = await world.plan();
    const create = () => world.rollouts.create(operator, { projectId: 'prj_1', planId });
    const answers = await atTheLock('LOCK TABLE claims IN SHARE MODE', 2, () => [create(), create()]);
    expect(answers.sort()).toEqual(['RouteIsBusy', 'done']);
  });

  it('lets either a rollout that starts or a one-off write have a route', async () => {
    const planId = await world.plan();
    const answers = await atTheLock(theRoute, 2, () => [
      world.rollouts.create(operator, { projectId: 'prj_1', planId }),
      set({ red: 70, black: 30 }),
    ]);
    expect(answers.sort()).toEqual(['RouteIsBusy', 'done']);
  });

  it('advances the hold that was seen, not the next one that began meanwhile', async () => {
    await world.replica('a');
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    await world.rollouts.verb(operator, id, 'advance', { stepIndex: 0 });
    await eventually('the next step', async () => (await world.rollouts.get(operator, id)).stepIndex === 1);
    await expect(world.rollouts.verb(operator, id, 'advance', { stepIndex: 0 })).rejects.toMatchObject({
      reason: expect.stringMatching(/StepHasEnded|VerbNotAllowed/),
    });
    expect((await world.rollouts.get(operator, id)).advanceRequestedBy).toBeNull();
  });

  it.each(['its start', 'its first step'] as const)(
    'decides again at once when somebody else was first, so that what woke it is not left: %s',
    async (deed) => {
      const id = await world.startRollout(holding);
      if (deed === 'its first step') await new ReconcileRollout(world.store, new StartRollout(world.store)).run(id);
      const store = new OvertakenOnce(world, () => world.pool.query('UPDATE rollouts SET revision = revision + 1'));
      await new ReconcileRollout(store, new StartRollout(store)).run(id);
      expect(store.outcomes).toEqual(['moved', 'committed']);
    },
  );

  it('throws away what was decided before a person spoke', async () => {
    await world.replica('a');
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    const early = (await world.store.load(id)) as LoadedRollout;
    await world.rollouts.verb(operator, id, 'abort');
    const late = new PostgresRolloutStore(world.pool, world.ids);
    const change = {
      rollout: { state: 'Running' as const, message: 'too late' },
      routes: [],
      ledger: null,
      move: null,
    };
    const rest = {
      supersede: null,
      claims: 'keep' as const,
      plan: null,
      steady: null,
      adopted: null,
      wakeAt: null,
      word: null,
    };
    expect(await late.commit(early, { ...change, ...rest })).toBe('moved');
    expect((await world.rollouts.get(operator, id)).state).toBe('Aborted');
  });

  it('has no drift left on a route whose live weights a person adopted', async () => {
    const { engine } = await world.replica('a');
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(60, 40) });
    await eventually('the block', async () => (await world.rollouts.get(operator, id)).state === 'Blocked');
    await engine.driftWatch();
    const routes = () => world.pool.query('SELECT expected, drift IS NOT NULL AS drifted FROM routes');
    expect((await routes()).rows).toEqual([{ expected: weights(50, 50), drifted: true }]);
    await world.rollouts.verb(operator, id, 'adopt');
    await world.rollouts.verb(operator, id, 'abort');
    await engine.driftWatch();
    expect((await routes()).rows).toEqual([{ expected: weights(60, 40), drifted: false }]);
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
