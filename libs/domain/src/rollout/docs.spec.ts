import { describe, it, expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { allowedVerbs, rolloutStates, rolloutVerbs } from './states.js';
import { reasons } from './decision.js';

const page = readFileSync(new URL('../../../../docs/rollouts.md', import.meta.url), 'utf8');
const rowOf = (word: string) => page.split('\n').find((line) => line.startsWith(`| \`${word}\``));

describe('docs/rollouts.md', () => {
  it.each(Object.keys(reasons))('says what %s means', (reason) => {
    expect(rowOf(reason)).toBeDefined();
  });

  it.each(rolloutStates)('has the verbs of %s as the table of the code has them', (state) => {
    const verbs = rolloutVerbs.filter((verb) => new RegExp(`\\b${verb}\\b`).test(rowOf(state)?.split('|')[3] ?? ''));
    expect(verbs.sort()).toEqual([...allowedVerbs[state]].sort());
  });
});
