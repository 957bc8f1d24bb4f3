import { describe, it, expect } from '@jest/globals';
import { black, healthOf, noon, red, redBlack, seenAt, sick, stranger, unseen } from '../testing/builders.js';
import type { TargetHealth } from '../route/types.js';
import { receiverCheck, type ReceiverRules } from './receivers.js';
import type { Fact } from './types.js';

const rules: ReceiverRules = {
  forced: null,
  minHealthyTargets: 2,
  now: noon,
  maxFactAgeMs: 30_000,
  emergency: false,
  names: { [red]: 'blue-2025', [black]: 'green-2026' },
};
const emergency = { ...rules, emergency: true };
const forced = { ...rules, forced: { by: 'ana', reason: 'drill' } };
const raise = { routeId: 'shop', before: redBlack(90, 10), after: redBlack(50, 50) };
const away = { routeId: 'shop', before: redBlack(50, 50), after: redBlack(100, 0) };
const fact = (health: TargetHealth, ageMs = 0): Fact<TargetHealth> => seenAt(noon - ageMs, health);
const facts = (ofRed: Fact<TargetHealth> | null, ofBlack: Fact<TargetHealth> | null) => ({
  ...(ofRed && { [red]: ofRed }),
  ...(ofBlack && { [black]: ofBlack }),
});
const well = (arn: string, ageMs = 0) => fact(healthOf(arn, 2), ageMs);

describe('the last look before a write', () => {
  it.each([
    ['lets a share rise where enough are healthy', raise, facts(well(red), well(black)), rules, 'ok'],
    ['lets it rise without knowing of those it takes from', raise, facts(null, well(black)), rules, 'ok'],
    [
      'stops it where one is missing',
      raise,
      facts(well(red), fact(healthOf(black, 1))),
      rules,
      'WaitingForHealthyTargets',
    ],
    ['stops it on health that is too old', raise, facts(well(red), well(black, 30_001)), rules, 'ObservationIsStale'],
    ['takes health to its last millisecond', raise, facts(well(red), well(black, 30_000)), rules, 'ok'],
    [
      'stops it on health from the future, where the clock went back',
      raise,
      facts(well(red), well(black, -30_001)),
      rules,
      'ObservationIsStale',
    ],
    [
      'stops it when health could not be read',
      raise,
      facts(well(red), unseen('Throttling', true)),
      rules,
      'ObservationIsStale',
    ],
    ['stops it when nobody looked', raise, {}, rules, 'ObservationIsStale'],
    [
      'stops it where nobody health-checks',
      { ...raise, before: redBlack(100) },
      facts(well(red), well(black)),
      rules,
      'ReceiverNotAttached',
    ],
    [
      'asks nothing of one that joins at 0',
      { routeId: 'shop', before: redBlack(1), after: redBlack(100, 0) },
      facts(well(red), null),
      rules,
      'ok',
    ],
    ['lets a named person raise it without enough', raise, facts(well(red), fact(healthOf(black, 0))), forced, 'ok'],
    [
      'lets nobody take requests from the only healthy one',
      { ...raise, after: redBlack(0, 100) },
      facts(well(red), fact(healthOf(black, 0))),
      forced,
      'NoHealthyReceiver',
    ],
    [
      'refuses what AWS would refuse, even in an emergency',
      { ...away, after: redBlack(0, 0) },
      facts(well(red), well(black)),
      emergency,
      'UnsafeWeights',
    ],
    [
      'lets an emergency go where one is healthy, though the plan wants two',
      away,
      facts(fact(healthOf(red, 1)), null),
      emergency,
      'ok',
    ],
    [
      'lets no emergency go from a healthy one to a dead one',
      away,
      facts(fact(sick(red, 3)), well(black)),
      emergency,
      'NoHealthyReceiver',
    ],
    [
      'lets an emergency go where nobody is healthy anyway',
      away,
      facts(fact(sick(red, 3)), fact(sick(black, 3))),
      emergency,
      'ok',
    ],
    [
      'lets no emergency go without a fresh read of who receives',
      away,
      facts(null, fact(sick(black, 3))),
      emergency,
      'ObservationIsStale',
    ],
    [
      'lets no emergency go on an old read',
      away,
      facts(well(red, 40_000), fact(sick(black, 3))),
      emergency,
      'ObservationIsStale',
    ],
  ])('%s', (_sentence, change, health, withRules, expected) => {
    const answer = receiverCheck(change, health, withRules);
    expect(answer.ok ? 'ok' : answer.reason).toBe(expected);
  });

  it('asks nothing of a pinned target group whose share rounding moved', () => {
    const change = {
      routeId: 'shop',
      before: [...redBlack(600, 200), { targetGroupArn: stranger, weight: 199 }],
      after: [...redBlack(300, 100), { targetGroupArn: stranger, weight: 100 }],
    };
    expect(receiverCheck(change, facts(well(red), well(black)), { ...rules, pinned: [stranger] }).ok).toBe(true);
    expect(receiverCheck(change, facts(well(red), well(black)), rules)).toMatchObject({
      ok: false,
      reason: 'ObservationIsStale',
    });
  });

  it('names who lacks what, and the likely cause', () => {
    expect(receiverCheck(raise, facts(well(red), fact(sick(black, 3))), rules)).toEqual({
      ok: false,
      reason: 'WaitingForHealthyTargets',
      message:
        "green-2026 needs 2 healthy before its share is raised: 0 of 3 targets healthy (3 Target.Timeout: a security group that doesn't let the load balancer reach the pods is the likely cause).",
    });
  });
});
