import { known, type Known } from '../../rollout/context.js';
import type { Reason } from '../../rollout/decision.js';
import type { TargetHealth } from '../../route/types.js';
import { own } from '../../text/record.js';
import { backendText } from '../../text/shares-text.js';
import { raisesShare } from '../../weights/equal.js';
import type { Effect, PolicyFacts, ProposedChange, Purpose, RuleName } from '../types.js';

export type ChangedBackend = ProposedChange['backends'][number];

/** One route's part of a move with what the rules ask of it, worked out once. */
export interface Judged {
  readonly change: ProposedChange;
  readonly facts: PolicyFacts;
  readonly purpose: Purpose;
  /** Backends whose share would rise. Pinned target groups aren't among them: rounding may move their share by a digit. */
  readonly raised: readonly ChangedBackend[];
  /** False where nobody's share changes, as when a target group is attached or detached at 0. */
  readonly movesShares: boolean;
}

/** What a rule found. `told` and `wayOut` are whole sentences. */
export interface Broken {
  readonly reason: Reason;
  /** What an operator calls the backends concerned; empty where it is the route itself. */
  readonly subjects: readonly string[];
  readonly told: string;
  readonly wayOut: string;
  /** Instead of the rule's own effects. */
  readonly effects?: Effects;
}

/** What breaking a rule does, by who proposes; null = the rule doesn't bind them. */
export type Effects = Readonly<Record<Purpose, Effect | null>>;

/** How a rule is told of many routes: after one name, and after several. */
export type Summary = readonly [one: string, several: string];

export interface Rule {
  readonly name: RuleName;
  readonly effects: Effects;
  /** For whom a named person's force makes a note of it. */
  readonly forcedFor: readonly Purpose[];
  /** The reasons it can give, each with its summary. */
  readonly summaries: Readonly<Partial<Record<Reason, Summary>>>;
  readonly judge: (at: Judged) => Broken | null;
}

/** Waiting may help: a plan waits, a person hears why not, an emergency goes on and lists it. */
export const waits: Effects = { planned: 'hold', person: 'refuse', emergency: 'note' };
/** Waiting can't help. */
export const ends: Effects = { planned: 'refuse', person: 'refuse', emergency: 'note' };
/** Nobody passes it: an emergency leaves the route as it is and lists it. */
export const binds: Effects = { planned: 'refuse', person: 'refuse', emergency: 'leave' };

export function judged(change: ProposedChange, facts: PolicyFacts, purpose: Purpose): Judged {
  const { before, after } = change;
  const raised = change.backends.filter(
    ({ targetGroupArn }) => !change.pinned.includes(targetGroupArn) && raisesShare(before, after, targetGroupArn),
  );
  const movesShares = after.some((one) => raisesShare(before, after, one.targetGroupArn));
  return { change, facts, purpose, raised, movesShares };
}

export function clusterOf(at: Judged, backend: ChangedBackend): PolicyFacts['clusters'][string] {
  return own(at.facts.clusters, backend.clusterId);
}

/** A target group's health as far as it counts now. */
export function healthOf(at: Judged, targetGroupArn: string): Known<TargetHealth> {
  const seen = own(at.facts.health, targetGroupArn);
  return known(seen?.fact, at.facts.now, seen?.freshForMs ?? 0);
}

/** What an operator calls these backends, each once. */
export function namesOf(at: Judged, backends: readonly ChangedBackend[]): readonly string[] {
  return [...new Set(backends.map((backend) => backendText(at.change, backend)))];
}

/** What an operator calls a target group: its backend, or its ARN where it has none here. */
export function nameOf(at: Judged, targetGroupArn: string): string {
  const backend = at.change.backends.find((one) => one.targetGroupArn === targetGroupArn);
  return backend ? backendText(at.change, backend) : targetGroupArn;
}
