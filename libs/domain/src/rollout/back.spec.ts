import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { aRollout, aWrite, redBlack, stranger, type RolloutDraft } from '../testing/builders.js';
import { sameSplit } from '../goals/same-split.js';
import type { Weights } from '../weights/types.js';
import { wayBack } from './back.js';
import type { WriteFact } from './types.js';

const wayOf = (change: RolloutDraft, live: Weights | null, write?: WriteFact) => {
  const rollout = aRollout({ state: 'RollingBack', ...change });
  return wayBack(rollout, rollout.plan.routes[0]!, live, write);
};
const rollback = (state: WriteFact['state']) => aWrite({ purpose: 'rollback', state });
const step = (state: WriteFact['state']) => aWrite({ purpose: 'step', state });
const touched: RolloutDraft = { touched: true };
const untouched: RolloutDraft = { touched: false, expected: { shop: redBlack(100, 0) } };
const home = redBlack(100, 0);

describe('the way back of one route', () => {
  it.each<[string, RolloutDraft, Weights | null, WriteFact | undefined, string]>([
    ['is written where the step is live', touched, redBlack(90, 10), undefined, 'write'],
    ['is written where nobody sees what is live', touched, null, undefined, 'write'],
    ['is not proven by a read where a write of ours was sent', touched, home, undefined, 'write'],
    ['is not proven by belief', { ...touched, expected: { shop: home } }, null, undefined, 'write'],
    ['is proven by its own write, verified', touched, null, rollback('applied'), 'back'],
    ['is not proven by its own write that failed', touched, home, rollback('failed'), 'write'],
    ['is not proven by its own write that was overtaken', touched, home, rollback('superseded'), 'write'],
    ["is not proven by a step's write, verified", touched, home, step('applied'), 'write'],
    ['is proven by a read where nothing of ours was sent', untouched, home, undefined, 'back'],
    ['is proven by the same shares in other integers there', untouched, redBlack(999, 0), undefined, 'back'],
    ['is written where somebody else moved an untouched route', untouched, redBlack(30, 70), undefined, 'write'],
    ['is unknown where an untouched route is not seen', untouched, null, undefined, 'unseen'],
    [
      'is impossible where it no longer fits into the action',
      touched,
      [...redBlack(90, 10), ...['a', 'b', 'c', 'd'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 }))],
      undefined,
      'impossible',
    ],
  ])('%s', (_sentence, change, live, write, kind) => {
    expect(wayOf(change, live, write).kind).toBe(kind);
  });

  it('is written over what is live, and over what is believed where nobody sees it', () => {
    const after = redBlack(100, 0);
    expect(wayOf(touched, redBlack(30, 70))).toMatchObject({ change: { before: redBlack(30, 70), after } });
    expect(wayOf(touched, null)).toMatchObject({ change: { before: redBlack(90, 10), after } });
  });

  it('leaves what is not ours its share', () => {
    const live = [...redBlack(45, 45), { targetGroupArn: stranger, weight: 10 }];
    const way = wayOf(touched, live);
    const after = way.kind === 'write' ? way.change.after : [];
    expect(sameSplit(after, [...redBlack(90, 0), { targetGroupArn: stranger, weight: 10 }])).toBe(true);
  });

  it('is nothing where the rollout has no part in the route', () => {
    const rollout = { ...aRollout(), routes: [] };
    expect(wayBack(rollout, rollout.plan.routes[0]!, redBlack(1, 1), undefined)).toEqual({ kind: 'back' });
  });

  it('of a touched route is never called back without its own verified write, whatever is read', () => {
    const weight = fc.nat(999);
    const write = fc.constantFrom(
      undefined,
      ...(['pending', 'sent', 'failed', 'superseded'] as const).map(rollback),
      ...(['applied', 'failed'] as const).map(step),
    );
    const live = fc.option(fc.tuple(weight, weight).map(([r, b]) => redBlack(r, b)));
    fc.assert(
      fc.property(live, write, (weights, one) => {
        expect(wayOf(touched, weights, one).kind).not.toBe('back');
      }),
    );
  });
});
