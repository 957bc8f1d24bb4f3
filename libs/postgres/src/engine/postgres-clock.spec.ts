import { expect, it } from '@jest/globals';
import { ManualTimers } from '@sluice/testing';
import { PostgresClock } from './postgres-clock.js';

const noon = Date.UTC(2026, 10, 25, 12);

/** A server whose answer takes 100 ms and shows the time half way. */
function clockOn(timers: ManualTimers, serverAhead: () => number) {
  const query = async () => {
    await timers.advance(50);
    const now = new Date(noon + serverAhead() + timers.now());
    await timers.advance(50);
    return { rows: [{ now }] };
  };
  return new PostgresClock({ query } as never, timers, noon);
}

it('shows the time of Postgres, whatever the round trip took, and goes on by the monotonic clock', async () => {
  const timers = new ManualTimers();
  const clock = clockOn(timers, () => 7_000);
  expect(clock.now()).toBe(noon);
  await clock.sync();
  expect(clock.now()).toBe(noon + 7_000 + timers.now());
  await timers.advance(1_000);
  expect(clock.now()).toBe(noon + 7_000 + timers.now());
});

it('follows a server clock that is set, with the next measurement', async () => {
  const timers = new ManualTimers();
  let ahead = 0;
  const clock = clockOn(timers, () => ahead);
  await clock.sync();
  ahead = -60_000;
  await clock.sync();
  expect(clock.now()).toBe(noon - 60_000 + timers.now());
});
