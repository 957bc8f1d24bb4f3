import { describe, it, expect } from '@jest/globals';
import { noon } from '../testing/builders.js';
import {
  fullReadBudget,
  readSucceeded,
  readThrottled,
  takeRead,
  withReadLimits,
  type ReadBudgetState,
} from './read-budget-state.js';
import type { ReadPriority } from './read-priority.js';

const limits = { readsPerSecond: 5, burst: 20 };

function drain(state: ReadBudgetState, now: number, priority: ReadPriority): { taken: number; state: ReadBudgetState } {
  for (let taken = 0; ; taken++) {
    const answer = takeRead(state, now, priority);
    state = answer.state;
    if (!answer.ok) return { taken, state };
  }
}

function throttledToTheFloor(): ReadBudgetState {
  let state = fullReadBudget(limits, noon);
  for (let i = 0; i < 10; i++) state = readThrottled(state, noon + i * 1_000);
  return state;
}

describe('what a gateway may read', () => {
  it('keeps a reserve for emergencies, who share everything else', () => {
    const watched = drain(fullReadBudget(limits, noon), noon, 'watch');
    expect(watched.taken).toBe(15);
    const urgent = drain(watched.state, noon, 'emergency');
    expect(urgent.taken).toBe(5);
    expect(drain(urgent.state, noon, 'send').taken).toBe(0);
  });

  it('goes on at half the rate after a throttle, down to a floor', () => {
    const empty = drain(readThrottled(fullReadBudget(limits, noon), noon), noon, 'watch').state;
    expect(drain(empty, noon + 2_000, 'watch').taken).toBe(5);
    const slow = throttledToTheFloor();
    expect(slow.learned.ratePerSecond).toBe(0.5);
  });

  it('gives emergencies the configured rate, however slow AWS made the rest', () => {
    const { state } = drain(drain(throttledToTheFloor(), noon, 'watch').state, noon, 'emergency');
    expect(drain(state, noon + 2_000, 'emergency').taken).toBe(10);
    expect(drain(state, noon + 2_000, 'watch').taken).toBe(0);
  });

  it('climbs back to the configured rate and never above it', () => {
    let state = throttledToTheFloor();
    for (let i = 0; i < 200; i++) state = readSucceeded(state);
    expect(state.learned.ratePerSecond).toBe(5);
  });

  it("takes an operator's new figures at once, and keeps no more than the new burst", () => {
    const state = withReadLimits(fullReadBudget(limits, noon), { readsPerSecond: 1, burst: 4 });
    expect(state.learned.ratePerSecond).toBe(1);
    const watched = drain(state, noon, 'watch');
    expect(watched.taken).toBe(2);
    expect(drain(watched.state, noon, 'emergency').taken).toBe(2);
  });

  it('says when to ask again', () => {
    const { state } = drain(fullReadBudget(limits, noon), noon, 'watch');
    const refused = takeRead(state, noon, 'watch');
    if (refused.ok) throw new Error('the budget should be down to its reserve');
    expect(refused.retryAt).toBe(noon + 200);
    expect(takeRead(refused.state, refused.retryAt, 'watch').ok).toBe(true);
  });
});
