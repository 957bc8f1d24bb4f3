import { describe, it, expect } from '@jest/globals';
import { noon, redBlack, stranger, unseen } from '../testing/builders.js';
import { decided, health, held, live, ownedByLbc, writes, type Seen } from '../testing/deciding.js';

describe('rolling back', () => {
  const back = { state: 'RollingBack' } as const;
  it('writes the shares before the rollout', () => {
    expect(decided(back)).toMatchObject({
      kind: 'rollback',
      reason: 'RollingBack',
      changes: [{ before: redBlack(90, 10), after: redBlack(100, 0) }],
    });
  });

  it('needs no read, no health and no cluster to do so', () => {
    expect(decided(back, { routes: {}, health: {}, clusters: {} })).toMatchObject({
      kind: 'rollback',
      changes: [{ after: redBlack(100, 0) }],
    });
    expect(decided(back, { routes: { shop: unseen('Throttling', true, held) } })).toMatchObject({ kind: 'rollback' });
  });

  it('goes back from where a console edit left it', () => {
    expect(decided(back, live(redBlack(30, 70)))).toMatchObject({
      kind: 'rollback',
      changes: [{ before: redBlack(30, 70) }],
    });
  });

  it('goes back from what was verified, not from a read that is older', () => {
    expect(decided({ ...back, stepIndex: 2 }, live(redBlack(90, 10), {}, noon - 1))).toMatchObject({
      kind: 'rollback',
      changes: [{ before: redBlack(50, 50) }],
    });
  });

  it('is not ended by an old read of the baseline, nor by our belief alone', () => {
    expect(decided(back, live(redBlack(100, 0)))).toMatchObject({ kind: 'rollback' });
    expect(decided({ ...back, expected: { shop: redBlack(100, 0) } }, live(redBlack(90, 10)))).toMatchObject({
      kind: 'rollback',
    });
  });

  it.each<[string, Seen, string, string]>([
    ['waits for its writes', writes({ purpose: 'rollback', state: 'sent' }), 'hold', 'WaitingForWrite'],
    ['ends once they are applied', writes({ purpose: 'rollback', state: 'applied' }), 'finish', 'BackAtBaseline'],
    ['is blocked when AWS refuses one', writes({ purpose: 'rollback', state: 'failed' }), 'block', 'WriteFailed'],
    [
      'does not wait for a step that is still in flight',
      writes({ purpose: 'step', state: 'sent' }),
      'rollback',
      'RollingBack',
    ],
    ['does not mind that a step had failed', writes({ purpose: 'step', state: 'failed' }), 'rollback', 'RollingBack'],
    [
      'writes nothing against a reconciler',
      live(undefined, { ownership: ownedByLbc }),
      'block',
      'RouteOwnedByReconciler',
    ],
    ['does not go to where nobody is healthy while somebody is', health(0, 2), 'block', 'NoHealthyReceiver'],
    ['goes to where nobody is healthy when nobody is anywhere', health(0, 0), 'rollback', 'RollingBack'],
    [
      'leaves a foreign target group alone',
      live([...redBlack(45, 45), { targetGroupArn: stranger, weight: 10 }]),
      'rollback',
      'RollingBack',
    ],
  ])('%s', (_sentence, seen, kind, reason) => {
    expect(decided(back, seen)).toMatchObject({ kind, reason });
  });

  it('is over at once when nothing was moved, but not while a first write may still land', () => {
    const unmoved = { ...back, verifiedAt: null, touched: false, expected: { shop: redBlack(100, 0) } };
    expect(decided(unmoved)).toMatchObject({ kind: 'finish', outcome: 'RolledBack' });
    expect(decided(unmoved, writes({ purpose: 'step', state: 'sent' }))).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForWrite',
      wakeAt: null,
    });
  });

  it('does not wait for a first write that was never sent', () => {
    const unmoved = { ...back, verifiedAt: null, touched: false, expected: { shop: redBlack(100, 0) } };
    for (const state of ['pending', 'superseded', 'failed'] as const) {
      expect(decided(unmoved, writes({ purpose: 'step', state }))).toMatchObject({ kind: 'finish' });
    }
  });

  it('is not over by a read where a write was ever sent, however it ended: it may land yet', () => {
    const doubtful = { ...back, verifiedAt: null, touched: true, expected: { shop: redBlack(100, 0) } };
    for (const state of ['failed', 'superseded', 'applied'] as const) {
      expect(decided(doubtful, writes({ purpose: 'step', state }))).toMatchObject({
        kind: 'rollback',
        changes: [{ routeId: 'shop', after: redBlack(100, 0) }],
      });
    }
  });

  it('is not over by belief where nothing was sent and nothing can be seen', () => {
    const unmoved = { ...back, touched: false, expected: { shop: redBlack(100, 0) } };
    expect(decided(unmoved, { routes: {} })).toMatchObject({ kind: 'hold', reason: 'AwsUnreachable' });
  });

  it('is not over while the outcome of a step is unknown, though its own writes are applied', () => {
    const seen = writes({ purpose: 'rollback', state: 'applied' }, { purpose: 'step', state: 'sent' });
    expect(decided(back, seen)).toMatchObject({ kind: 'hold', reason: 'WaitingForWrite' });
  });

  it('is blocked when the former shares no longer fit into the action', () => {
    const crowd = ['a', 'b', 'c', 'd'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 }));
    expect(decided(back, live([...redBlack(90, 10), ...crowd]))).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
    });
  });
});
