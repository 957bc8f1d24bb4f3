import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualTimers } from '@sluice/testing';
import { Repeat } from './repeat.js';

describe('a job that repeats', () => {
  let timers: ManualTimers;
  let startedAt: number[];
  let ends: (() => void)[];
  beforeEach(() => {
    timers = new ManualTimers();
    [startedAt, ends] = [[], []];
  });
  const everyMs = 100;
  const repeating = () =>
    new Repeat(timers, () => {
      startedAt.push(timers.now());
      return new Promise((resolve) => ends.push(() => resolve(everyMs)));
    });
  const end = async () => {
    ends.shift()?.();
    await timers.advance(0);
  };

  it('counts from the start of a run to that of the next, and never runs beside itself', async () => {
    void repeating().now();
    await timers.advance(60);
    await end();
    await timers.advance(40);
    expect(startedAt).toEqual([0, 100]);
    await timers.advance(1_000);
    expect(startedAt).toEqual([0, 100]);
    await end();
    expect(startedAt).toEqual([0, 100, 1_100]);
  });

  it('runs once more right after, however often it was asked for meanwhile', async () => {
    const job = repeating();
    void job.now();
    for (let i = 0; i < 3; i += 1) void job.now();
    expect(startedAt).toEqual([0]);
    await end();
    await end();
    expect(startedAt).toEqual([0, 0]);
  });

  it('begins no run once it was stopped, which waits for the present one', async () => {
    const job = repeating();
    void job.now();
    void job.now();
    let stopped = false;
    const stopping = job.stop().then(() => (stopped = true));
    await timers.advance(1_000);
    expect(stopped).toBe(false);
    await end();
    await stopping;
    await job.now();
    await timers.advance(1_000);
    expect(startedAt).toEqual([0]);
  });
});
