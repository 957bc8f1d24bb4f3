import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsAccess } from '@sluice/control';
import { Conflict, NotFound } from '@sluice/domain';
import { EngineWorld, eventually, operator, quickPlan, weights } from './harness.js';

const keyIsGone = new Conflict('CredentialsUnreadable', 'the credentials of acc_1 were sealed with a key that is gone');

describe('an account that cannot be reached', () => {
  let world: EngineWorld;
  let reach: (accountId: string) => Promise<AwsAccess>;
  beforeEach(async () => {
    world = await EngineWorld.start();
    reach = world.access;
  });
  afterEach(async () => {
    await world.stop();
  });
  const view = (id: string) => world.rollouts.get(operator, id);
  const holding = async () => {
    const id = await world.startRollout(
      quickPlan('rte_1', {
        steps: { kind: 'explicit', steps: [{ shares: { red: 50, black: 50 }, holdMs: 60_000 }] },
      }),
    );
    await eventually('the hold', async () => (await view(id)).reason === 'StepIsHolding');
    return id;
  };

  it.each([
    ['its credentials cannot be unsealed', keyIsGone, 'CredentialsUnreadable'],
    ['it is gone', new NotFound('account', 'acc_1'), 'AccountNotFound'],
  ])('blocks a rollout with the cause for its reason: %s', async (_, error, code) => {
    await world.replica('a');
    const id = await holding();
    world.access = () => Promise.reject(error);
    const blocked = await eventually('the block', async () => {
      const rollout = await view(id);
      return rollout.state === 'Blocked' && rollout;
    });
    expect(blocked.reason).toBe('AwsUnreachable');
    expect(blocked.message).toContain(code);
  });

  it('is what a waiting rollback names, and the rollback goes on when it can be reached again', async () => {
    await world.replica('a');
    const id = await holding();
    world.access = () => Promise.reject(keyIsGone);
    await world.rollouts.verb(operator, id, 'rollback');
    const waiting = await eventually('the cause shown', async () => {
      const rollout = await view(id);
      return rollout.message.includes('CredentialsUnreadable') && rollout;
    });
    expect(waiting).toMatchObject({ state: 'RollingBack', reason: 'WaitingForWrite' });
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    world.access = reach;
    await eventually('the end', async () => (await view(id)).state === 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('keeps neither the looks nor the drift watch from the routes of another', async () => {
    await world.addAccount('acc_0');
    await world.addRoute('rte_0', 'acc_0');
    world.access = (accountId) => (accountId === 'acc_0' ? Promise.reject(keyIsGone) : reach(accountId));
    const { engine } = await world.replica('a');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(60, 40) });
    await eventually('the drift', async () => {
      await engine.driftWatch();
      const { rows } = await world.pool.query(`SELECT 1 FROM routes WHERE id = 'rte_1' AND drift IS NOT NULL`);
      return rows.length > 0;
    });
  });
});
