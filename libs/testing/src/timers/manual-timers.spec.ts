import { describe, expect, it } from '@jest/globals';
import { ManualTimers } from './manual-timers.js';

describe('manual timers', () => {
  it('run what is due in order, each at its own time, also what these start', async () => {
    const timers = new ManualTimers();
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name} at ${timers.now()}`);
    timers.after(30, note('late'));
    timers.after(10, () => {
      note('early')();
      timers.after(5, note('started by early'));
    });
    timers.after(10, note('equal'));
    expect(timers.nextInMs).toBe(10);
    await timers.advance(29);
    expect(ran).toEqual(['early at 10', 'equal at 10', 'started by early at 15']);
    await timers.advance(1);
    expect(ran.at(-1)).toBe('late at 30');
    expect(timers.nextInMs).toBeNull();
  });

  it('never run what was cancelled', async () => {
    const timers = new ManualTimers();
    let ran = false;
    const timer = timers.after(10, () => (ran = true));
    timer.cancel();
    timer.cancel();
    await timers.advance(20);
    expect(ran).toBe(false);
  });
});
