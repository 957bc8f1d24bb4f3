import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { around, failure, hangingRoutes } from './faults.js';
import { EngineWorld, black, eventually, operator, quickPlan, weights } from './harness.js';

const hold = (routeId: string, holdMs = 600_000) =>
  quickPlan(routeId, { steps: { kind: 'explicit', steps: [{ shares: { red: 50, black: 50 }, holdMs }] } });

describe('what must not wait, and what must not be sent any more', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });
  const view = (id: string) => world.rollouts.get(operator, id);

  it('70 rollouts of an account without answers delay the rollback of another by nothing', async () => {
    await world.addAccount('acc_2');
    await world.replica('a');
    const id = await world.startRollout(hold('rte_1'));
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    const hung: string[] = [];
    for (let i = 0; i < 70; i += 1) hung.push(await world.addRoute(`rte_h${String(i)}`, 'acc_2'));
    for (let i = 0; i < 70; i += 1) await world.startRollout(hold(`rte_h${String(i)}`));
    const { release } = hangingRoutes(world, (arn) => hung.includes(arn));
    await eventually('that nobody sees these routes any more', async () => {
      const { rows } = await world.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM facts WHERE account_id = 'acc_2' AND subject LIKE 'action/%' AND look->>'code' = 'Timeout'`,
      );
      return rows[0]!.n > 0;
    });
    const asked = Date.now();
    await world.rollouts.verb(operator, id, 'rollback');
    await eventually('the end', async () => (await view(id)).state === 'RolledBack', 5_000);
    expect(Date.now() - asked).toBeLessThan(2_000);
    release();
  });

  it('a raise that waits for health is not sent to a cluster that was cordoned or retired meanwhile', async () => {
    let sends = 0;
    around(world, 'writeWeights', (original) => async (...call) => {
      sends += 1;
      return original(...call);
    });
    // decided on good health, lost between the decision and the send
    const id = await world.startRollout(hold('rte_1'));
    const held = await world.pool.connect();
    await world.replica('a');
    await held.query(`BEGIN; SELECT 1 FROM guards WHERE key = 'cluster/clu_2' FOR UPDATE`);
    await eventually('a send that waits for the guard, or a decision that does', async () => {
      const { rows } = await world.pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await held.query(
      `UPDATE clusters SET cordoned_by = '{"by":"token:ops","at":"x","reason":"sick"}', retired_by = '{"by":"token:ops","at":"x","reason":"gone"}' WHERE id = 'clu_2'; COMMIT`,
    );
    held.release();
    await eventually('the reason', async () => /Retired/i.test((await view(id)).reason));
    expect(sends).toBe(0);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('a step whose request hangs is broken off by an abort, long before its time is up', async () => {
    let hung = false;
    around(world, 'writeWeights', () => async (_access, _base, _after, options) => {
      hung = true;
      return new Promise((_resolve, reject) =>
        options?.signal?.addEventListener('abort', () => reject(failure('transient', 'Aborted', 'given up', true))),
      );
    });
    await world.replica('a');
    const id = await world.startRollout(hold('rte_1'));
    await eventually('the request', async () => hung);
    await world.rollouts.verb(operator, id, 'abort');
    await eventually('the end of the write', async () => {
      const { intents } = await world.rollouts.timeline(operator, id);
      return intents.every((one) => one.state === 'superseded');
    });
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it("what happens to the routes of a paused rollout doesn't stay unseen", async () => {
    const { engine } = await world.replica('a');
    const id = await world.startRollout(hold('rte_1'));
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    await world.rollouts.verb(operator, id, 'pause');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(0, 100) });
    world.loadBalancer.setHealth(black, { unhealthy: 2 });
    await eventually('the drift', async () => {
      await engine.driftWatch();
      const { rows } = await world.pool.query('SELECT 1 FROM routes WHERE drift IS NOT NULL');
      return rows.length > 0;
    });
  });
});
