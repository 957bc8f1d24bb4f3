import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { around, failure } from './faults.js';
import { EngineWorld, eventually, operator, quickPlan, targetGroup, weights } from './harness.js';

describe('adopting', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });
  const view = (id: string) => world.rollouts.get(operator, id);
  const blocked = (id: string) =>
    eventually('the block', async () => {
      const rollout = await view(id);
      return rollout.state === 'Blocked' && rollout;
    });
  const appliedTo = (arn: string) =>
    world.loadBalancer.writes.filter((write) => write.routeArn === arn && write.outcome === 'applied');

  const firstIsWritten = async () => {
    const { rows } = await world.pool.query(`SELECT 1 FROM intents WHERE route_id = 'rte_1' AND state = 'applied'`);
    return rows.length > 0;
  };

  /** Two routes, whose second may not be written until it is allowed. */
  const withOneDenied = async () => {
    const other = await world.addRoute('rte_2');
    const gate = { isDenied: true };
    around(world, 'writeWeights', (original) => async (access, base, ...rest) => {
      if (gate.isDenied && base.routeArn === other) {
        await eventually('the first route written', firstIsWritten);
        throw failure('terminal', 'AccessDenied', 'not yours');
      }
      return original(access, base, ...rest);
    });
    await world.replica('a');
    const id = await world.startRollout({
      ...quickPlan('rte_1', {
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 90, black: 10 }, holdMs: 60_000 },
            { shares: { red: 0, black: 100 }, holdMs: 0 },
          ],
        },
      }),
      routes: { kind: 'ids', ids: ['rte_1', 'rte_2'] },
    });
    return { id, other, gate };
  };
  const ofOther = (onRed: number, onBlack: number) => [
    { targetGroupArn: targetGroup('black-rte_2'), weight: onBlack },
    { targetGroupArn: targetGroup('red-rte_2'), weight: onRed },
  ];

  it('does not count a refused write as done: the step is written there before the next one', async () => {
    const { id, other, gate } = await withOneDenied();
    expect((await blocked(id)).message).toContain('not yours');
    gate.isDenied = false;
    await world.rollouts.verb(operator, id, 'adopt');
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    expect(appliedTo(other).map((write) => write.after)).toEqual([ofOther(90, 10)]);
    expect((await view(id)).stepIndex).toBe(0);
  });

  it('takes a difference on one route for right, and still writes the step on the route that it never reached', async () => {
    const { id, other, gate } = await withOneDenied();
    await blocked(id);
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(70, 30) });
    await eventually('the edit seen', async () => {
      const { rows } = await world.pool.query(
        `SELECT 1 FROM facts WHERE subject = 'action/' || $1::text AND look->'value'->'action'->'weights' = $2`,
        [world.routeArn, JSON.stringify(weights(70, 30))],
      );
      return rows.length > 0;
    });
    gate.isDenied = false;
    await world.rollouts.verb(operator, id, 'adopt');
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    expect(appliedTo(other).map((write) => write.after)).toEqual([ofOther(90, 10)]);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(70, 30));
  });
});
