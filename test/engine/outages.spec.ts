import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sameWeights } from '@sluice/domain';
import { around, event, failure, hangingRoutes, seeingRoutes } from './faults.js';
import { EngineWorld, black, eventually, operator, quickPlan, weights } from './harness.js';

const oneStep = (routeId: string, settleMs = 50) =>
  quickPlan(routeId, {
    settleMs,
    steps: {
      kind: 'explicit',
      steps: [
        { shares: { red: 50, black: 50 }, holdMs: 60_000 },
        { shares: { red: 0, black: 100 }, holdMs: 0 },
      ],
    },
  });

describe('AWS that answers late, wrongly or not at all', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });

  const state = (id: string, wanted: string) =>
    eventually(`rollout in ${wanted}`, async () => {
      const view = await world.rollouts.get(operator, id);
      if (view.state === 'Blocked' && wanted !== 'Blocked') throw new Error(`blocked: ${view.reason} ${view.message}`);
      return view.state === wanted && view;
    });
  const reason = (id: string, wanted: string) =>
    eventually(wanted, async () => (await world.rollouts.get(operator, id)).reason === wanted);

  it('does not take a stale read of the shares before the rollout for a rollback that is done', async () => {
    world.loadBalancer.staleReads();
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1', 60_000));
    await eventually('the first step', async () => (await world.rollouts.get(operator, id)).verifiedAt);
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('does not block a rollout for one read that lags behind a write', async () => {
    let lagged = false;
    seeingRoutes(world, (_arn, read) => {
      if (lagged || world.loadBalancer.writes.length !== 1) return read;
      lagged = true;
      return { ...read, action: { ...read.action, weights: weights(100, 0) } };
    });
    await world.replica('a');
    const id = await world.startRollout();
    await state(id, 'Succeeded');
    expect(lagged).toBe(true);
    expect(world.loadBalancer.writes).toHaveLength(3);
  });

  it('goes back by a write after the socket of the one in doubt has closed, and undoes its effect when that comes late', async () => {
    const inFlight = event();
    const giveUp = event();
    let land = async (): Promise<unknown> => undefined;
    let first = true;
    around(world, 'writeWeights', (original) => async (access, base, after, options) => {
      if (!first) return original(access, base, after, options);
      first = false;
      land = () => original(access, base, after);
      inFlight.resolve();
      await giveUp.promise;
      throw failure('transient', 'Timeout', 'no answer', true);
    });
    const { engine } = await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await inFlight.promise;
    await world.rollouts.verb(operator, id, 'rollback');
    expect(world.loadBalancer.writes).toEqual([]);
    giveUp.resolve();
    await state(id, 'RolledBack');
    expect(world.loadBalancer.writes.map((write) => write.after)).toEqual([weights(100, 0)]);
    await land();
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    await eventually('the repair', async () => {
      await engine.driftWatch();
      return sameWeights(world.loadBalancer.weightsOf(world.routeArn), weights(100, 0));
    });
    const { rows } = await world.pool.query(`SELECT kind, actor FROM decisions WHERE rollout_id IS NULL`);
    expect(rows).toEqual([{ kind: 'repair', actor: 'engine:drift' }]);
    await eventually('its settlement', async () => {
      const { rows: routes } = await world.pool.query(
        `SELECT 1 FROM routes r JOIN decisions d ON d.id = r.explained_by WHERE d.kind = 'repair' AND r.drift IS NULL`,
      );
      return routes.length === 1;
    });
  });

  it('shows as drift what a write in doubt did after an abort: nothing newer says what should stand there', async () => {
    const inFlight = event();
    const giveUp = event();
    let land = async (): Promise<unknown> => undefined;
    around(world, 'writeWeights', (original) => async (access, base, after) => {
      land = () => original(access, base, after);
      inFlight.resolve();
      await giveUp.promise;
      throw failure('transient', 'Timeout', 'no answer', true);
    });
    const { engine } = await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await inFlight.promise;
    await world.rollouts.verb(operator, id, 'abort');
    giveUp.resolve();
    await eventually('the end of the write', async () =>
      (await world.rollouts.timeline(operator, id)).intents.every((one) => one.state === 'superseded'),
    );
    await land();
    await eventually('the drift', async () => {
      await engine.driftWatch();
      return (
        await world.pool.query(`SELECT 1 FROM routes WHERE drift->'live' = $1`, [JSON.stringify(weights(50, 50))])
      ).rowCount;
    });
    expect(world.loadBalancer.writes).toHaveLength(1);
  });

  it('lets a route that cannot be read hold up nobody but itself', async () => {
    const other = await world.addRoute('rte_2');
    let isRead = false;
    seeingRoutes(world, (arn, read) => {
      if (arn === other && !isRead) throw failure('transient', 'InternalFailure');
      return read;
    });
    await world.replica('a');
    const slow = await world.startRollout(quickPlan('rte_2'));
    const id = await world.startRollout();
    await state(id, 'Succeeded');
    expect((await world.rollouts.get(operator, slow)).stepIndex).toBe(-1);
    isRead = true;
    await state(slow, 'Succeeded');
  });

  it('lets an account that gets no answers hold up nobody but itself, rollbacks of others least of all', async () => {
    await world.addAccount('acc_2');
    const hung: string[] = [];
    for (let i = 0; i < 8; i += 1) hung.push(await world.addRoute(`rte_h${String(i)}`, 'acc_2'));
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await reason(id, 'StepIsHolding');
    const { release } = hangingRoutes(world, (arn) => hung.includes(arn));
    const slow: string[] = [];
    for (let i = 0; i < 8; i += 1) slow.push(await world.startRollout(oneStep(`rte_h${String(i)}`)));
    const asked = Date.now();
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    expect(Date.now() - asked).toBeLessThan(2_000);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
    release();
    for (const one of slow) await reason(one, 'StepIsHolding');
  });

  it('does not let writes of steps that hang take the places of a rollback', async () => {
    const other = await world.addRoute('rte_2');
    const release = event();
    const hanging = event();
    around(world, 'writeWeights', (original) => async (access, base, after, options) => {
      if (base.routeArn === other) {
        hanging.resolve();
        await release.promise;
      }
      return original(access, base, after, options);
    });
    await world.replica('a', { settings: { concurrency: 1 } });
    const id = await world.startRollout(oneStep('rte_1'));
    await reason(id, 'StepIsHolding');
    const slow = await world.startRollout(quickPlan('rte_2'));
    await hanging.promise;
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    release.resolve();
    await state(slow, 'Succeeded');
  });

  it('takes back every route that can be, where AWS refuses one', async () => {
    const other = await world.addRoute('rte_2');
    const spec = { ...oneStep('rte_1'), routes: { kind: 'ids', ids: ['rte_1', 'rte_2'] } as const };
    await world.replica('a', { settings: { concurrency: 1 } });
    const id = await world.startRollout(spec);
    await reason(id, 'StepIsHolding');
    around(world, 'writeWeights', (original) => async (access, base, after, options) => {
      if (base.routeArn !== world.routeArn) return original(access, base, after, options);
      throw failure('terminal', 'AccessDenied', 'not allowed');
    });
    await world.rollouts.verb(operator, id, 'rollback');
    expect((await state(id, 'Blocked')).message).toContain('not allowed');
    expect(world.loadBalancer.weightsOf(other).map((one) => one.weight)).toEqual([0, 100]);
  });

  it('goes on by reassert after an unknown outcome that turned out well', async () => {
    let denied = false;
    seeingRoutes(world, (_arn, read) => {
      if (denied) throw failure('terminal', 'AccessDenied', 'not allowed');
      return read;
    });
    around(world, 'writeWeights', (original) => async (...args) => {
      if (world.loadBalancer.writes.length > 0) return original(...args);
      world.loadBalancer.faults.dropReply = 1;
      denied = true;
      return original(...args);
    });
    await world.replica('a');
    const id = await world.startRollout();
    expect((await state(id, 'Blocked')).message).toContain('AccessDenied');
    denied = false;
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(90, 10));
    await eventually('a verb that has something to stand on', async () =>
      world.rollouts.verb(operator, id, 'reassert').then(
        () => true as const,
        (error: Error & { reason?: string }) => {
          if (error.reason !== 'ObservationIsStale') throw error;
        },
      ),
    );
    await state(id, 'Succeeded');
  });

  it('goes back where nobody may look at the receivers: a person said so, and the ledger names what was passed over', async () => {
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await reason(id, 'StepIsHolding');
    around(world, 'targetHealth', () => async () => {
      throw failure('terminal', 'AccessDenied', 'not allowed');
    });
    await eventually('that nobody may look', async () => {
      const { rows } = await world.pool.query(
        `SELECT 1 FROM facts WHERE subject LIKE 'health/%' AND look->>'code' = 'AccessDenied'`,
      );
      return rows.length > 0;
    });
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
    const { intents } = await world.rollouts.timeline(operator, id);
    expect(intents.at(-1)?.message).toContain('AccessDenied');
  });

  it('rolls back what is live when the outcome is unknown and nothing can be read: never called done, then done by a write', async () => {
    let down = false;
    seeingRoutes(world, (_arn, read) => {
      if (down) throw failure('transient', 'ServiceUnavailable');
      return read;
    });
    around(world, 'targetHealth', (original) => async (...args) => {
      if (down) throw failure('transient', 'ServiceUnavailable');
      return original(...args);
    });
    around(world, 'writeWeights', (original) => async (...args) => {
      if (world.loadBalancer.writes.length > 0) {
        if (down) throw failure('transient', 'ServiceUnavailable');
        return original(...args);
      }
      down = true;
      world.loadBalancer.faults.dropReply = 1;
      return original(...args);
    });
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await eventually('the write in doubt', async () => down);
    await world.rollouts.verb(operator, id, 'rollback');
    await eventually('a try to write back', async () => {
      const { intents } = await world.rollouts.timeline(operator, id);
      return intents.some((one) => one.purpose === 'rollback' && one.attempts > 0);
    });
    expect((await world.rollouts.get(operator, id)).state).toBe('RollingBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    down = false;
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it("ends a person's one-off write that its receivers are not fit for, instead of keeping the route busy", async () => {
    world.loadBalancer.setHealth(black, { unhealthy: 2 });
    await world.replica('a');
    const { intent } = await world.oneOff.set(operator, 'rte_1', { shares: { red: 50, black: 50 }, reason: 'try' });
    const ended = await eventually('its end', async () => {
      const { rows } = await world.pool.query<{ state: string; reason: string }>(
        'SELECT state, reason FROM intents WHERE id = $1',
        [intent.id],
      );
      return rows[0]?.state !== 'pending' && rows[0]?.state !== 'sent' && rows[0];
    });
    expect(ended).toEqual({ state: 'failed', reason: 'WaitingForHealthyTargets' });
  });
});
