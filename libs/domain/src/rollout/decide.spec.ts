import { describe, it, expect } from '@jest/globals';
import { decide } from './decide.js';
import { explain } from './explain.js';
import { anObservation, aPlan, aRollout, noon } from '../testing/builders.js';

describe('a whole blue/green upgrade', () => {
  it('goes through its steps in order, holds each, and succeeds', () => {
    let rollout = aRollout({ plan: aPlan(), stepIndex: -1 });
    let now = noon;
    const lines: string[] = [];
    for (let i = 0; i < 30; i++) {
      const decision = decide(rollout, anObservation(rollout, now), now);
      lines.push(`${decision.kind} ${decision.reason} ${explain(rollout, decision, now)}`);
      if (decision.kind === 'finish') break;
      if (decision.kind === 'shift') {
        const expected = { ...rollout.expected, ...Object.fromEntries(decision.changes.map((c) => [c.routeId, c.after])) };
        rollout = { ...rollout, stepIndex: decision.stepIndex, expected, verifiedAt: now, heldMs: 0, heldCheckedAt: now };
        continue;
      }
      now = decision.wakeAt ?? Infinity;
    }
    expect(lines.at(-1)).toMatch(/^finish Completed/);
  });
});
