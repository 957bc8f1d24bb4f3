import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { conflictReasons, ledgerReasons, rolloutStates, writeReasons } from '@sluice/domain';

const folders = [new URL('./', import.meta.url), new URL('../../../../prisma/migrations/', import.meta.url)];
const sources = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sql)$/.test(name) && !name.endsWith('.spec.ts'))
    .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const),
);
const known = new Set<string>([
  ...[conflictReasons, ledgerReasons, writeReasons].flatMap((list) => Object.keys(list)),
  ...rolloutStates,
  'Removing', // of a binding
]);

describe('SQL', () => {
  it.each(sources)('of %s writes no reason that the domain does not list', (_name, text) => {
    const words = [...text.matchAll(/'([A-Z][a-z]+(?:[A-Z][a-z]+)*)'/g)].map(([, word]) => word!);
    expect(words.filter((word) => !known.has(word))).toEqual([]);
  });
});
