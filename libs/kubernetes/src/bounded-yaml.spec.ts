import { describe, expect, it } from '@jest/globals';
import { readYaml } from './bounded-yaml.js';

const limits = { bytes: 65_536, depth: 32, timeMs: 1_000 };

describe('YAML of a stranger', () => {
  it('is plain data', async () => {
    expect(await readYaml('the text', 'a: [1, {b: c}]\nd:\n- e\n', limits)).toEqual({ a: [1, { b: 'c' }], d: ['e'] });
  });

  it('may be as deep as allowed, and no deeper', async () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(JSON.stringify(await readYaml('the text', nested(32), limits))).toBe(nested(32));
    await expect(readYaml('the text', nested(33), limits)).rejects.toMatchObject({
      issues: [{ field: '', message: 'the text is nested deeper than 32 levels in line 1' }],
    });
  });

  it('that takes too long to read is given up, and the next one is read', async () => {
    // every key is compared with all before it
    const slow = Array.from({ length: 9_000 }, (_, key) => `k${key}:`).join('\n');
    const read = readYaml('the text', slow, { ...limits, timeMs: 20 });
    const next = readYaml('the text', 'a: 1', limits);
    await expect(read).rejects.toMatchObject({ issues: [{ message: 'the text takes longer than 20 ms to read' }] });
    expect(await next).toEqual({ a: 1 });
  });
});
