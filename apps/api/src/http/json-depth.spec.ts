import { describe, expect, it } from '@jest/globals';
import { isDeeperThan } from './json-depth.js';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('the depth of a body', () => {
  it('is that of its arrays and objects in each other', () => {
    expect(isDeeperThan(3, nested(3))).toBe(false);
    expect(isDeeperThan(3, nested(4))).toBe(true);
    expect(isDeeperThan(3, '{"a":[{"b":[]}]}')).toBe(true);
  });

  it('counts nothing twice that stands side by side', () => {
    expect(isDeeperThan(2, `[${Array.from({ length: 1_000 }, () => '{}').join(',')}]`)).toBe(false);
  });

  it.each(['["[[[[[["]', '["\\"[[[[[["]', '{"\\\\":["{{{{{{{"]}'])('leaves out what is text: %s', (json) => {
    expect(isDeeperThan(2, json)).toBe(false);
  });

  it('cannot be lowered by brackets in text', () => {
    expect(isDeeperThan(3, '["]]]",["]]]",["]]]",["]]]"]]]]')).toBe(true);
  });
});
