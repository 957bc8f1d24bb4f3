import { describe, expect, it } from '@jest/globals';
import { ManualSignals, ManualTimers } from '@sluice/testing';
import { EventSealer } from './event-sealer.js';
import { SealingRight, type HeldSealingRight } from './event-store.js';

/** A right that is given at once, over an outbox that is a number; notes when it was asked to number. */
class NotedRight extends SealingRight {
  outbox = 0;
  broken: Error | null = null;
  readonly askedAt: number[] = [];
  readonly sealed: number[] = [];
  taken = 0;
  released = 0;
  constructor(private readonly timers: ManualTimers) {
    super();
  }
  take(): Promise<HeldSealingRight> {
    this.taken += 1;
    return Promise.resolve({
      seal: (limit: number) => {
        this.askedAt.push(this.timers.now());
        if (this.broken) return Promise.reject(this.broken);
        const n = Math.min(limit, this.outbox);
        this.outbox -= n;
        if (n > 0) this.sealed.push(n);
        return Promise.resolve(n);
      },
      release: () => {
        this.released += 1;
        return Promise.resolve();
      },
    });
  }
}

function sealer() {
  const timers = new ManualTimers();
  const signals = new ManualSignals();
  const right = new NotedRight(timers);
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const sealing = new EventSealer({ right, signals, timers, log });
  return { timers, signals, right, warnings, sealing };
}

describe('the sealer', () => {
  it('asks once a second while nothing happens', async () => {
    const { timers, right, sealing } = sealer();
    sealing.start();
    await timers.advance(10_000);
    expect(right.askedAt).toHaveLength(11);
    await sealing.stop();
  });

  it('numbers at once what it is told of after a rest, and what comes meanwhile in one batch 50 ms later', async () => {
    const { timers, signals, right, sealing } = sealer();
    sealing.start();
    await timers.advance(500);
    right.outbox = 1;
    signals.tell('outbox');
    await timers.advance(10);
    expect(right.sealed).toEqual([1]);
    for (let i = 0; i < 8; i += 1) {
      right.outbox += 1;
      signals.tell('outbox');
      await timers.advance(1);
    }
    expect(right.sealed).toEqual([1]);
    await timers.advance(40);
    expect(right.sealed).toEqual([1, 8]);
    expect(right.askedAt).toEqual([0, 500, 550]);
    await sealing.stop();
  });

  it('numbers within a second what it was not told of', async () => {
    const { timers, right, sealing } = sealer();
    sealing.start();
    await timers.advance(100);
    right.outbox = 3;
    await timers.advance(1_000);
    expect(right.sealed).toEqual([3]);
    await sealing.stop();
  });

  it('goes on without a rest while there is more than one batch', async () => {
    const { timers, right, sealing } = sealer();
    right.outbox = 2_500;
    sealing.start();
    await timers.advance(0);
    expect(right.sealed).toEqual([1_000, 1_000, 500]);
    await sealing.stop();
  });

  it('gives the right up when numbering fails, says so, and takes it anew a second later', async () => {
    const { timers, right, warnings, sealing } = sealer();
    right.broken = new Error('the connection is gone');
    sealing.start();
    await timers.advance(500);
    expect([right.taken, right.released, warnings.length]).toEqual([1, 1, 1]);
    right.broken = null;
    right.outbox = 1;
    await timers.advance(500);
    expect([right.taken, right.sealed]).toEqual([2, [1]]);
    await sealing.stop();
  });

  it('at its end numbers what has committed, then hands the right over', async () => {
    const { timers, right, sealing } = sealer();
    sealing.start();
    await timers.advance(200);
    right.outbox = 1;
    await sealing.stop();
    expect([right.sealed, right.released]).toEqual([[1], 1]);
    expect(timers.nextInMs).toBeNull();
  });
});
