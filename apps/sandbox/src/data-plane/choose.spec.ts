import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseGroup, RoundRobin, weightedGroups } from './choose.js';
import { decodePin, encodePin, readCookie } from './cookies.js';
import { receiversOf } from './routing.js';

const weights = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 5 });
const groupsOf = (list: readonly number[]) => list.map((weight, index) => ({ arn: `tg-${index}`, weight }));

describe('choosing a target group', () => {
  it('gives each exactly its share of evenly spread numbers', () => {
    fc.assert(
      fc.property(
        weights.filter((list) => list.some((weight) => weight > 0)),
        (list) => {
          const total = list.reduce((sum, weight) => sum + weight, 0);
          const counts = new Map<string, number>();
          for (let step = 0; step < total; step += 1) {
            const arn = chooseGroup(groupsOf(list), (step + 0.5) / total) ?? 'none';
            counts.set(arn, (counts.get(arn) ?? 0) + 1);
          }
          expect(groupsOf(list).map((group) => counts.get(group.arn) ?? 0)).toEqual(list);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('answers nobody when nobody has weight', () => {
    expect(chooseGroup(groupsOf([0, 0]), 0.3)).toBeUndefined();
    expect(chooseGroup([], 0.3)).toBeUndefined();
  });

  it('gives a lone group everything, whatever its weight', () => {
    expect(
      weightedGroups({ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 0 }] } }),
    ).toEqual([{ arn: 'a', weight: 1 }]);
    expect(weightedGroups({ Type: 'forward', TargetGroupArn: 'a' })).toEqual([{ arn: 'a', weight: 1 }]);
  });
});

describe('choosing a target', () => {
  const target = (id: string, state: string) => ({ id, port: 80, state });

  it('goes round the healthy ones', () => {
    const receivers = receiversOf([
      target('a', 'healthy'),
      target('b', 'unhealthy'),
      target('c', 'healthy'),
      target('d', 'draining'),
    ]);
    const turns = new RoundRobin();
    expect(Array.from({ length: 4 }, () => turns.next({ arn: 'tg', receivers })?.id)).toEqual(['a', 'c', 'a', 'c']);
  });

  it('fails open to all in use when none is healthy, but never to draining or unused ones', () => {
    expect(
      receiversOf([
        target('a', 'unhealthy'),
        target('b', 'initial'),
        target('c', 'draining'),
        target('d', 'unused'),
      ]).map((one) => one.id),
    ).toEqual(['a', 'b']);
    expect(receiversOf([target('c', 'draining')])).toEqual([]);
  });
});

describe('a stickiness cookie', () => {
  it('means somebody until it expires, and nobody if it is not ours', () => {
    const cookie = encodePin('arn:aws:x', 1_000);
    expect(decodePin(readCookie(`other=1; AWSALBTG=${cookie}; last=2`, 'AWSALBTG'), 999)).toBe('arn:aws:x');
    expect(decodePin(cookie, 1_000)).toBeUndefined();
    expect(decodePin('nonsense', 0)).toBeUndefined();
    expect(decodePin(undefined, 0)).toBeUndefined();
  });
});
