import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { nextTurn, readPriorities, type ReadPriority } from './read-priority.js';

function turns(count: number, waiting: readonly ReadPriority[]): readonly (ReadPriority | undefined)[] {
  let sendsAhead = 0;
  return Array.from({ length: count }, () => {
    const turn = nextTurn(new Set(waiting), sendsAhead);
    sendsAhead = turn?.sendsAhead ?? sendsAhead;
    return turn?.priority;
  });
}

describe('whose read is next', () => {
  it('an emergency goes before everybody', () => {
    expect(turns(3, ['fresh', 'watch', 'send', 'emergency'])).toEqual(['emergency', 'emergency', 'emergency']);
  });

  it('two of five reads stay for watching while sends wait too', () => {
    expect(turns(5, ['send', 'watch'])).toEqual(['send', 'watch', 'send', 'watch', 'send']);
    expect(turns(1_000, ['send', 'watch', 'fresh']).filter((one) => one === 'watch')).toHaveLength(400);
  });

  it('sends get everything while nothing is due to be watched', () => {
    expect(turns(2, ['send'])).toEqual(['send', 'send']);
  });

  it("somebody's fresh read comes last", () => {
    expect(turns(2, ['fresh', 'watch'])).toEqual(['watch', 'watch']);
    expect(turns(1, ['fresh'])).toEqual(['fresh']);
    expect(nextTurn(new Set(), 0)).toBeNull();
  });

  it('whoever waits when, sends that compete with watching never get more than three of five and one', () => {
    const waiting = fc.array(fc.subarray([...readPriorities], { minLength: 1 }), { maxLength: 200 });
    fc.assert(
      fc.property(waiting, (rounds) => {
        let [sendsAhead, competed, sends] = [0, 0, 0];
        for (const round of rounds) {
          const turn = nextTurn(new Set(round), sendsAhead)!;
          expect(round).toContain(turn.priority);
          sendsAhead = turn.sendsAhead;
          if (round.includes('emergency') || !round.includes('send') || !round.includes('watch')) continue;
          competed += 1;
          if (turn.priority === 'send') sends += 1;
          expect(sends).toBeLessThanOrEqual(0.6 * competed + 1);
        }
      }),
    );
  });
});
