import type { PolicyFacts, ProposedChange } from '../policy/types.js';
import { aCluster, black, healthOf, noon, red, redBlack, seenAt } from './builders.js';
import type { Fact } from '../rollout/types.js';
import type { TargetHealth } from '../route/types.js';

export const fresh = 20_000;

/** Raises black, in green-2026, from 10 % to 50 %; nothing speaks against it where the facts are `someFacts()`. */
export function aChange(change: Partial<ProposedChange> = {}): ProposedChange {
  return {
    routeId: 'shop',
    routeName: 'shop',
    before: redBlack(90, 10),
    after: redBlack(50, 50),
    backends: [
      { name: 'red', clusterId: 'c-blue', clusterName: 'blue-2025', targetGroupArn: red },
      { name: 'black', clusterId: 'c-green', clusterName: 'green-2026', targetGroupArn: black },
    ],
    pinned: [],
    ownership: { kind: 'sluice' },
    acknowledged: false,
    minHealthyTargets: 2,
    forced: null,
    ...change,
  };
}

export function someFacts(change: Partial<PolicyFacts> = {}): PolicyFacts {
  return {
    now: noon,
    health: healthBy({ [red]: healthOf(red, 2), [black]: healthOf(black, 2) }),
    clusters: {
      'c-blue': aCluster('c-blue', { name: 'blue-2025' }),
      'c-green': aCluster('c-green', { name: 'green-2026' }),
    },
    mask: new Set(),
    freeze: null,
    ...change,
  };
}

/** Health by target group ARN, seen at noon; a fact as it is. */
export function healthBy(health: Readonly<Record<string, TargetHealth | Fact<TargetHealth>>>): PolicyFacts['health'] {
  return Object.fromEntries(
    Object.entries(health).map(([arn, one]) => [
      arn,
      { fact: 'ok' in one ? one : seenAt(noon, one), freshForMs: fresh },
    ]),
  );
}
