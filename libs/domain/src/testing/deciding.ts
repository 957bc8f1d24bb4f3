import {
  aCluster,
  aLiveRoute,
  anObservation,
  aRollout,
  aWrite,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  sick,
  type RolloutDraft,
} from './builders.js';
import { decide } from '../rollout/decide.js';
import type { Observation } from '../rollout/types.js';

export type Seen = Partial<Observation>;
/** The hold of 5 s is served; the step was verified at noon. */
export const held = noon + 5_000;
export const ownedByLbc = {
  kind: 'continuous',
  owner: 'the AWS Load Balancer Controller',
  evidence: 'tag x',
  advice: 'Use another.',
} as const;
export const live = (weights = redBlack(90, 10), change = {}, at = held): Seen => ({
  routes: { shop: seenAt(at, aLiveRoute(weights, change)) },
});
export const health = (ofRed: number | null, ofBlack: number | null, at = held): Seen => ({
  health: {
    ...(ofRed !== null && { [red]: seenAt(at, ofRed ? healthOf(red, ofRed) : sick(red, 3)) }),
    ...(ofBlack !== null && { [black]: seenAt(at, ofBlack ? healthOf(black, ofBlack) : sick(black, 3)) }),
  },
});
export const clusters = (change: object): Seen => ({
  clusters: { 'c-blue': aCluster('c-blue'), 'c-green': aCluster('c-green', change) },
});
export const writes = (...list: Parameters<typeof aWrite>[0][]): Seen => ({
  writes: list.map((write) => aWrite(write)),
});

/** What `decide` answers for `aRollout(change)` when `seen` differs from all being well. */
export function decided(change: RolloutDraft = {}, seen: Seen = {}, now = held) {
  const rollout = aRollout(change);
  return decide(rollout, anObservation(rollout, now, seen), now);
}
