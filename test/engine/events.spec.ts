import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventView } from '@sluice/control';
import { PostgresEventStore } from '@sluice/postgres';
import { EngineWorld, eventually, operator, quickPlan } from './harness.js';

const part = (name: string) => ({ kind: 'engine', id: name, name });

describe('what people are told of a rollout', () => {
  let world: EngineWorld;
  beforeAll(async () => {
    world = await EngineWorld.start();
    await world.replica('one');
  });
  afterAll(() => world.stop());

  const events = async (): Promise<readonly EventView[]> => {
    await world.pool.query('SELECT seal_events(10000)');
    return new PostgresEventStore(world.pool).after(0n, { projectId: null }, 10_000);
  };
  const becomes = (id: string, state: string) =>
    eventually(
      `the rollout to be ${state}`,
      async () => (await world.rollouts.get(operator, id)).state === state || null,
    );

  it('names who said a verb with what it was before and is after, and the part of the engine that did the rest', async () => {
    const id = await world.startRollout(
      quickPlan('rte_1', { steps: { kind: 'explicit', steps: [{ shares: { red: 0, black: 100 }, holdMs: 60_000 }] } }),
    );
    await eventually('the step to be held', async () =>
      (await world.rollouts.get(operator, id)).reason === 'StepIsHolding' ? true : null,
    );
    await world.rollouts.verb(operator, id, 'pause');
    await world.rollouts.verb(operator, id, 'resume');
    await world.rollouts.verb(operator, id, 'advance');
    await becomes(id, 'Succeeded');
    const told = await events();
    const said = told.filter((event) => event.subject === `rollout/${id}` && event.actor.kind === 'token');
    expect(said).toMatchObject([
      { type: 'rollout.created', actor: operator.actor, before: null, after: { id, state: 'Scheduled' } },
      { type: 'rollout.changed', actor: operator.actor, before: { state: 'Running' }, after: { state: 'Paused' } },
      { type: 'rollout.changed', actor: operator.actor, before: { state: 'Paused' }, after: { state: 'Running' } },
      {
        type: 'rollout.changed',
        before: { advanceRequestedBy: null },
        after: { advanceRequestedBy: 'token:ops', createdBy: 'token:ops' },
      },
    ]);
    const engine = told.filter((event) => event.subject === `rollout/${id}` && event.actor.kind === 'engine');
    expect(engine.map(({ actor }) => actor)).toEqual([part('schedule'), ...engine.slice(1).map(() => part('rollout'))]);
    expect(engine.every(({ before, after }) => before === null && after === null)).toBe(true);
    expect(told.filter(({ type }) => type === 'route.weights')).toMatchObject([{ actor: part('gateway') }]);
    const shares = { before: { steadyShares: null }, after: { steadyShares: { red: 0, black: 1000 } } };
    expect(told.filter(({ type }) => type === 'route.changed')).toMatchObject([
      {
        subject: 'route/rte_1',
        projectId: 'prj_1',
        actor: part('rollout'),
        ...shares,
        data: { fields: ['steadyShares'] },
      },
    ]);
    const { rows } = await world.pool.query<{ version: number }>(`SELECT version FROM routes WHERE id = 'rte_1'`);
    expect(rows).toEqual([{ version: 2 }]);
  });

  it('names who moved weights without one, with the line of the ledger', async () => {
    const { decision } = await world.oneOff.set(operator, 'rte_1', {
      shares: { red: 50, black: 50 },
      reason: 'trying',
    });
    expect((await events()).filter(({ type }) => type === 'decision.made')).toMatchObject([
      {
        subject: `decision/${decision.id}`,
        actor: operator.actor,
        before: null,
        after: { id: decision.id, kind: 'oneOffWeights', message: 'trying', actor: 'token:ops' },
      },
    ]);
  });
});
