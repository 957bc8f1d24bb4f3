import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ExternalFailure, type LoadBalancer } from '@sluice/control';
import { EngineWorld, black, eventually, operator, quickPlan, weights } from './harness.js';

/** A promise and how to end it. */
function event() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

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

  /** Puts something in front of a method of the load balancer. */
  function around<K extends 'readRoute' | 'readRoutes' | 'writeWeights' | 'targetHealth'>(
    method: K,
    make: (original: LoadBalancer[K]) => LoadBalancer[K],
  ): void {
    Object.assign(world.loadBalancer, {
      [method]: make(world.loadBalancer[method].bind(world.loadBalancer) as LoadBalancer[K]),
    });
  }

  it('does not take a stale read of the shares before the rollout for a rollback that is done', async () => {
    world.loadBalancer.staleReads();
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1', 60_000));
    await eventually('the first step', async () => (await world.rollouts.get(operator, id)).verifiedAt);
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('does not block a rollout for one stale read of the lane', async () => {
    let staleOnce = true;
    around('readRoute', (original) => async (...args) => {
      const live = await original(...args);
      if (!staleOnce || world.loadBalancer.writes.length !== 1) return live;
      staleOnce = false;
      return { ...live, action: { ...live.action, weights: weights(100, 0) } };
    });
    await world.replica('a');
    const id = await world.startRollout();
    await state(id, 'Succeeded');
    expect(staleOnce).toBe(false);
  });

  it('does not call a rollback done while a write that timed out may still land', async () => {
    const inFlight = event();
    const goOn = event();
    let first = true;
    around('writeWeights', (original) => async (...args) => {
      if (!first) return original(...args);
      first = false;
      inFlight.resolve();
      await goOn.promise;
      setTimeout(() => void original(...args), 150); // lands after the caller has given up, within the time a write may take
      throw new ExternalFailure({
        system: 'aws',
        kind: 'transient',
        code: 'Timeout',
        message: 'no answer',
        ambiguous: true,
      });
    });
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await inFlight.promise;
    await world.rollouts.verb(operator, id, 'rollback');
    goOn.resolve();
    await state(id, 'RolledBack');
    await eventually('the late write', async () => world.loadBalancer.writes.length > 0);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('does not let a route that cannot be read hold up the others', async () => {
    const other = await world.addRoute('rte_2');
    const release = event();
    around('readRoutes', (original) => async (access, arns, options) => {
      if (arns.includes(other)) await release.promise;
      return original(access, arns, options);
    });
    await world.replica('a');
    const slow = await world.startRollout(quickPlan('rte_2'));
    const id = await world.startRollout();
    await state(id, 'Succeeded');
    expect((await world.rollouts.get(operator, slow)).stepIndex).toBe(-1);
    release.resolve();
    await state(slow, 'Succeeded');
  });

  it('does not let writes of steps that hang take the places of a rollback', async () => {
    const other = await world.addRoute('rte_2');
    const release = event();
    const hanging = event();
    around('writeWeights', (original) => async (access, base, after, options) => {
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
    around('writeWeights', (original) => async (access, base, after, options) => {
      if (base.routeArn !== world.routeArn) return original(access, base, after, options);
      throw new ExternalFailure({ system: 'aws', kind: 'terminal', code: 'AccessDenied', message: 'not allowed' });
    });
    await world.rollouts.verb(operator, id, 'rollback');
    expect((await state(id, 'Blocked')).message).toContain('not allowed');
    expect(world.loadBalancer.weightsOf(other).map((one) => one.weight)).toEqual([0, 100]);
  });

  it('goes on by reassert after an unknown outcome that turned out well', async () => {
    let denied = false;
    around('readRoute', (original) => async (...args) => {
      if (denied)
        throw new ExternalFailure({ system: 'aws', kind: 'terminal', code: 'AccessDenied', message: 'not allowed' });
      return original(...args);
    });
    around('writeWeights', (original) => async (...args) => {
      if (world.loadBalancer.writes.length > 0) return original(...args);
      world.loadBalancer.faults.dropReply = 1;
      denied = true;
      return original(...args);
    });
    await world.replica('a');
    const id = await world.startRollout();
    await state(id, 'Blocked');
    denied = false;
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(90, 10));
    await world.rollouts.verb(operator, id, 'reassert');
    await state(id, 'Succeeded');
  });

  it('blocks a write whose receivers nobody may look at, instead of asking for ever', async () => {
    await world.replica('a');
    const id = await world.startRollout(oneStep('rte_1'));
    await reason(id, 'StepIsHolding');
    around('targetHealth', () => async () => {
      throw new ExternalFailure({ system: 'aws', kind: 'terminal', code: 'AccessDenied', message: 'not allowed' });
    });
    await world.rollouts.verb(operator, id, 'rollback');
    expect((await state(id, 'Blocked')).message).toContain('AccessDenied');
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
