import { expect, it } from '@jest/globals';
import { ManualTimers } from '@sluice/testing';
import { RateMeter } from './rate-meter.js';

it('counts what happened within the last ten whole seconds', async () => {
  const timers = new ManualTimers();
  const meter = new RateMeter(timers);
  const happen = (times: number) => Array.from({ length: times }, () => meter.count());
  happen(20);
  expect(meter.perSecond()).toBe(0);
  await timers.advance(1_000);
  expect(meter.perSecond()).toBe(2);
  await timers.advance(5_000);
  happen(10);
  await timers.advance(4_000);
  expect(meter.perSecond()).toBe(3);
  await timers.advance(1_000);
  expect(meter.perSecond()).toBe(1);
  await timers.advance(60_000);
  expect(meter.perSecond()).toBe(0);
});
