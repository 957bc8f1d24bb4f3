import { describe, it, expect } from '@jest/globals';
import { aRollout, noon } from '../testing/builders.js';
import { allowedVerbs, hasEnded, rolloutStates, rolloutVerbs } from './states.js';
import { verbAllowed, verbsNow } from './verbs.js';

describe('the table of states and verbs', () => {
  it('has a row for every state and knows every verb in it', () => {
    expect(Object.keys(allowedVerbs).sort()).toEqual([...rolloutStates].sort());
    for (const verbs of Object.values(allowedVerbs)) {
      for (const verb of verbs) expect(rolloutVerbs).toContain(verb);
    }
  });

  it('uses every verb, and leaves no way on from an end but the rollback of what moved weights', () => {
    expect(new Set(Object.values(allowedVerbs).flat())).toEqual(new Set(rolloutVerbs));
    for (const state of rolloutStates.filter(hasEnded))
      expect(allowedVerbs[state]).toEqual(['Succeeded', 'Aborted', 'Failed'].includes(state) ? ['rollback'] : []);
  });

  it.each(rolloutStates.filter((state) => !hasEnded(state)))(
    'lets a person end it or take it back when it is %s',
    (state) => {
      expect(allowedVerbs[state].some((verb) => verb === 'abort' || verb === 'cancel')).toBe(true);
    },
  );
});

describe('a verb', () => {
  it('is taken where the table has it', () => {
    expect(verbAllowed(aRollout(), 'pause', noon)).toEqual({ ok: true });
  });

  it('is refused elsewhere, with those that are taken', () => {
    expect(verbAllowed(aRollout({ state: 'Paused' }), 'pause', noon)).toEqual({
      ok: false,
      allowed: ['resume', 'abort', 'rollback'],
      message: "A rollout that is Paused doesn't take pause: it takes resume, abort and rollback.",
    });
    expect(verbAllowed(aRollout({ state: 'Aborted' }), 'resume', noon)).toMatchObject({
      ok: false,
      allowed: ['rollback'],
      message: "A rollout that is Aborted doesn't take resume: it takes rollback.",
    });
    expect(verbAllowed(aRollout({ state: 'RolledBack' }), 'rollback', noon)).toMatchObject({
      ok: false,
      allowed: [],
      message: expect.stringContaining('it has ended and takes none'),
    });
  });

  it('rolls back a success within its bake of an hour, to the last millisecond and not after', () => {
    const succeeded = aRollout({ state: 'Succeeded', finishedAt: noon });
    expect(verbAllowed(succeeded, 'rollback', noon + 3_600_000)).toEqual({ ok: true });
    expect(verbAllowed(succeeded, 'rollback', noon + 3_600_001)).toMatchObject({
      ok: false,
      allowed: [],
      message: expect.stringContaining('The bake after success ended at 2026-11-23T13:00:00.000Z'),
    });
    expect(verbsNow({ ...succeeded, bakesUntil: null }, noon)).toEqual([]);
  });
});
