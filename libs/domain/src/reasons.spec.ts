import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { conflictReasons, ledgerReasons, namesOf, writeReasons } from './reasons.js';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8').split('\n');
const ofReasons = page('rollouts').slice(page('rollouts').findIndex((line) => line.startsWith('## Reasons')));
const rowsOf = (lines: readonly string[], word: string) =>
  lines.filter((line) => line.startsWith('| `') && line.split('|')[1]?.includes(`\`${word}\``));

describe('docs/rollouts.md', () => {
  it.each(namesOf({ ...ledgerReasons, ...writeReasons }))('says once what %s means', (reason) => {
    expect(rowsOf(ofReasons, reason)).toHaveLength(1);
  });
});

describe('docs/api.md', () => {
  it.each(namesOf(conflictReasons).filter((reason) => !(reason in ledgerReasons)))(
    'says once what %s means',
    (reason) => {
      expect(rowsOf(page('api'), reason)).toHaveLength(1);
    },
  );
});

describe('reasons', () => {
  it.each(namesOf({ ...conflictReasons, ...ledgerReasons, ...writeReasons }))('%s is one PascalCase word', (reason) => {
    expect(reason).toMatch(/^([A-Z][a-z0-9]*)+$/);
  });
});
