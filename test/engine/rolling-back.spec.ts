import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Weights } from '@sluice/domain';
import { EngineWorld, eventually, operator, quickPlan, targetGroup, weights } from './harness.js';

const toHalf = { kind: 'explicit' as const, steps: [{ shares: { red: 50, black: 50 }, holdMs: 0 }] };

describe('rolling back', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });
  const view = (id: string) => world.rollouts.get(operator, id);
  const state = (id: string, wanted: string) =>
    eventually(
      `rollout in ${wanted}`,
      async () => {
        const rollout = await view(id);
        return rollout.state === wanted && rollout;
      },
      20_000,
    );

  const seen = (arn: string, shown: Weights) =>
    eventually('the weights seen by the gateway', async () => {
      const { rows } = await world.pool.query(
        `SELECT 1 FROM facts WHERE subject = 'action/' || $1::text AND look->'value'->'action'->'weights' = $2`,
        [arn, JSON.stringify(shown)],
      );
      return rows.length > 0;
    });

  it('ends when its write shows, though the reply was lost and the same weights stood before the last step', async () => {
    await world.replica('a', { settings: { lagMs: 60_000 } });
    const id = await world.startRollout(
      quickPlan('rte_1', { steps: { kind: 'explicit', steps: [{ shares: { red: 50, black: 50 }, holdMs: 60_000 }] } }),
    );
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    world.loadBalancer.faults.dropReply = 1;
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    expect(world.loadBalancer.writes.map((write) => write.outcome)).toEqual(['applied', 'dropped']);
    await seen(world.routeArn, weights(100, 0));
  });

  it('gives each route the steady shares that it had itself', async () => {
    const other = await world.addRoute('rte_2');
    const before = [
      { targetGroupArn: targetGroup('black-rte_2'), weight: 40 },
      { targetGroupArn: targetGroup('red-rte_2'), weight: 60 },
    ];
    world.loadBalancer.editByConsole(other, { weights: before });
    await world.pool.query('UPDATE routes SET expected = $1 WHERE id = $2', [JSON.stringify(before), 'rte_2']);
    await world.replica('a');
    await seen(other, before);
    const id = await world.startRollout({
      ...quickPlan('rte_1', {
        steps: { kind: 'explicit', steps: [{ shares: { red: 20, black: 80 }, holdMs: 60_000 }] },
      }),
      routes: { kind: 'ids', ids: ['rte_1', 'rte_2'] },
    });
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    await world.rollouts.verb(operator, id, 'rollback');
    await state(id, 'RolledBack');
    const { rows } = await world.pool.query('SELECT id, steady_shares FROM routes ORDER BY id');
    expect(rows).toEqual([
      { id: 'rte_1', steady_shares: { red: 1000, black: 0 } },
      { id: 'rte_2', steady_shares: { red: 600, black: 400 } },
    ]);
    expect(world.loadBalancer.weightsOf(other)).toEqual(before);
  });

  it('is refused where a newer rollout has moved a route since, and names it; a person may force it, with a reason', async () => {
    await world.replica('a');
    const first = await world.startRollout(quickPlan('rte_1', { steps: toHalf }));
    await state(first, 'Succeeded');
    const second = await world.startRollout(
      quickPlan('rte_1', { steps: { kind: 'explicit', steps: [{ shares: { red: 40, black: 60 }, holdMs: 0 }] } }),
    );
    await state(second, 'Succeeded');
    await expect(world.rollouts.verb(operator, first, 'rollback')).rejects.toMatchObject({
      name: 'Conflict',
      reason: 'NewerMoveExists',
      facts: { rolloutIds: [second] },
    });
    expect((await view(first)).state).toBe('Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(40, 60));
    await expect(world.rollouts.verb(operator, first, 'rollback', { force: true })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    await world.rollouts.verb(operator, first, 'rollback', { force: true, reason: 'the newer one is worse' });
    await state(first, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('of a newer rollout leaves the older one as it was', async () => {
    await world.replica('a');
    const first = await world.startRollout(quickPlan('rte_1', { steps: toHalf }));
    await state(first, 'Succeeded');
    const second = await world.startRollout(
      quickPlan('rte_1', { steps: { kind: 'explicit', steps: [{ shares: { red: 40, black: 60 }, holdMs: 0 }] } }),
    );
    await state(second, 'Succeeded');
    await world.rollouts.verb(operator, second, 'rollback');
    await state(second, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    expect((await view(first)).state).toBe('Succeeded');
  });
});
