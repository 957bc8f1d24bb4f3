import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { actorKinds } from './actor.js';
import { eventTypes } from './event-types.js';

const page = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');

describe('docs/api.md', () => {
  it.each(eventTypes)('says when %s is told', (type) => {
    expect(page.split('\n').filter((line) => line.startsWith('| `') && line.includes(`\`${type}\``))).toHaveLength(1);
  });

  it.each(actorKinds)('names the kind of actor %s', (kind) => {
    expect(page).toContain(`\`${kind}\``);
  });
});
