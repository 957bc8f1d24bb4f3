import { describe, expect, it } from '@jest/globals';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.js';

describe('a merge patch', () => {
  it('joins objects, replaces lists and removes what is null', () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { c: null, d: 3 }, l: [3] })).toEqual({
      a: { b: 1, d: 3 },
      l: [3],
    });
  });
});

describe('a JSON patch', () => {
  it('adds, replaces, removes, moves, copies and tests', () => {
    const patch = [
      { op: 'test', path: '/a', value: 1 },
      { op: 'replace', path: '/a', value: 2 },
      { op: 'add', path: '/l/-', value: 'y' },
      { op: 'add', path: '/l/0', value: 'w' },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'move', from: '/b', path: '/c~1d' },
    ];
    expect(jsonPatch({ a: 1, l: ['x'] }, patch)).toEqual({ a: 2, l: ['w', 'x', 'y'], 'c/d': 2 });
  });

  it('leaves what it was given as it was', () => {
    const before = { a: { b: 1 } };
    jsonPatch(before, [{ op: 'remove', path: '/a/b' }]);
    expect(before).toEqual({ a: { b: 1 } });
  });

  it.each([
    [[{ op: 'remove', path: '/nope' }]],
    [[{ op: 'replace', path: '/nope', value: 1 }]],
    [[{ op: 'test', path: '/a', value: 2 }]],
    [[{ op: 'add', path: '/nope/deep', value: 1 }]],
  ])('refuses %j', (patch) => {
    expect(() => jsonPatch({ a: 1 }, patch)).toThrow('the server rejected our request due to an error in our request');
  });
});

describe('a strategic merge patch', () => {
  const ports = [
    { port: 80, name: 'http' },
    { port: 443, name: 'https' },
  ];

  it('joins ports by number, with those of the patch first', () => {
    expect(strategicMergePatch({ ports }, { ports: [{ port: 443, targetPort: 8443 }, { port: 90 }] })).toEqual({
      ports: [{ port: 443, name: 'https', targetPort: 8443 }, { port: 90 }, { port: 80, name: 'http' }],
    });
  });

  it('keeps the order that the client asks for', () => {
    expect(
      strategicMergePatch(
        { ports },
        { '$setElementOrder/ports': [{ port: 443 }, { port: 80 }], ports: [{ port: 80, name: 'web' }] },
      ),
    ).toEqual({
      ports: [
        { port: 443, name: 'https' },
        { port: 80, name: 'web' },
      ],
    });
  });

  it('deletes and replaces where a directive says so', () => {
    expect(strategicMergePatch({ ports }, { ports: [{ $patch: 'delete', port: 80 }] })).toEqual({
      ports: [{ port: 443, name: 'https' }],
    });
    expect(strategicMergePatch({ ports }, { ports: [{ $patch: 'replace' }, { port: 1 }] })).toEqual({
      ports: [{ port: 1 }],
    });
    expect(strategicMergePatch({ finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] })).toEqual({
      finalizers: ['b'],
    });
  });
});
