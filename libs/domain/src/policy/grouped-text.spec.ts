import { describe, it, expect } from '@jest/globals';
import { black, healthOf, red, redBlack, sick } from '../testing/builders.js';
import { aChange, healthBy, someFacts } from '../testing/proposed.js';
import { groupedText } from './grouped-text.js';
import { mayMove } from './may-move.js';
import type { PolicyFacts, ProposedChange, Purpose } from './types.js';

const lame: Partial<PolicyFacts> = { health: healthBy({ [red]: healthOf(red, 2), [black]: sick(black, 3) }) };
const onRoutes = (
  count: number,
  facts: Partial<PolicyFacts>,
  change: Partial<ProposedChange> = {},
  purpose: Purpose = 'planned',
) =>
  Array.from({ length: count }, (_, i) => `shop-${String(i + 1).padStart(3, '0')}`).flatMap((name) =>
    mayMove(aChange({ routeId: `id-${name}`, routeName: name, ...change }), someFacts(facts), purpose),
  );
const detail =
  "green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group that doesn't let the load balancer reach the pods is the likely cause); each backend needs 2 healthy targets before its share is raised. Repair the pods, or what keeps the load balancer from reaching them.";
const owned = {
  ownership: { kind: 'continuous', owner: 'the LBC', evidence: 'tag x', advice: 'Use another.' },
} as const;
const ownedText = 'This route belongs to the LBC (tag x), which would revert our writes. Use another.';

describe('what was found on many routes', () => {
  it.each([
    ['nothing is no sentence', groupedText([]), ''],
    ['one route is told as it is', groupedText(onRoutes(1, lame), 3, 100), `Route shop-001: ${detail}`],
    [
      'a few are named',
      groupedText(onRoutes(2, lame)),
      `green-2026 lacks healthy targets on 2 routes (shop-001 and shop-002): ${detail}`,
    ],
    [
      'as many as the limit are named, too',
      groupedText(onRoutes(3, lame), 3, 3),
      `green-2026 lacks healthy targets on 3 of 3 routes (shop-001, shop-002 and shop-003): ${detail}`,
    ],
    [
      'a hundred are counted after the first',
      groupedText(onRoutes(98, lame), 3, 100),
      `green-2026 lacks healthy targets on 98 of 100 routes (shop-001, shop-002, shop-003 and 95 more): ${detail}`,
    ],
    [
      'the limit may be another',
      groupedText(onRoutes(5, {}, owned), 1),
      `5 routes (shop-001 and 4 more) belong to controllers that would revert our writes: ${ownedText}`,
    ],
    [
      'what concerns the routes themselves begins with them',
      groupedText(onRoutes(2, {}, owned), 3, 4),
      `2 of 4 routes (shop-001 and shop-002) belong to controllers that would revert our writes: ${ownedText}`,
    ],
  ])('%s', (_sentence, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('names several backends together', () => {
    const sickRed = { health: healthBy({ [red]: sick(red, 1), [black]: healthOf(black, 2) }) };
    const findings = [...onRoutes(2, lame), ...onRoutes(3, sickRed, { before: redBlack(10, 90) }).slice(2)];
    expect(groupedText(findings)).toMatch(
      /^green-2026 and blue-2025 lack healthy targets on 3 routes \(shop-001, shop-002 and shop-003\): /,
    );
  });

  it('is one sentence per rule and reason, in the order of the rules, whatever order they come in', () => {
    const frozen = { freeze: { by: 'bob', reason: 'x' } };
    const findings = [...onRoutes(9, lame), ...onRoutes(9, frozen, owned)];
    const text = groupedText([...findings].reverse());
    const heads = ['belong to controllers', 'are frozen', 'lacks healthy targets'].map((head) => text.indexOf(head));
    expect(heads).toEqual([...heads].sort((a, b) => a - b));
    expect(heads).not.toContain(-1);
    expect(text.match(/9 routes/g)).toHaveLength(3);
  });

  it('counts a route once', () => {
    const findings = onRoutes(2, lame);
    expect(groupedText([...findings, ...findings])).toBe(groupedText(findings));
  });
});
