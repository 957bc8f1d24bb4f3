import { changesOf, type Change, type LedgerLine } from '../rollout/change.js';
import type { RouteChange } from '../rollout/decision.js';
import { decide } from '../rollout/decide.js';
import { decided, decideVersion } from '../rollout/evolve.js';
import { isSaidVerb, said } from '../rollout/said.js';
import type { FrozenPlan } from '../rollout/types.js';
import { sameJson } from '../text/record.js';
import type { Evidence } from './evidence.js';
import { recalled } from './recalled.js';

/** One line of a rollout's ledger, with what was kept of its facts. */
export interface KeptDecision extends LedgerLine {
  readonly id: string;
  readonly changes: readonly RouteChange[];
  /** null = nobody decided it on facts: a creation, a start. */
  readonly evidence: Evidence | null;
}

export interface Replay {
  /** Decided again, with the same answer. */
  readonly same: number;
  /** Made by another version, which this one can't be asked for. */
  readonly otherVersion: number;
  /** The first that came out differently, and how. */
  readonly differs: { readonly id: string; readonly why: string } | null;
}

/**
 * Decides a ledger again, oldest first: each line from the rollout, the facts and the time that were kept with it. Proves
 * that what stands there is what `decide` and `said` make of these facts, be it years later; not that the facts were true.
 */
export function replay(plan: FrozenPlan, ledger: readonly KeptDecision[]): Replay {
  let same = 0;
  let otherVersion = 0;
  for (const line of ledger) {
    const isOurs = line.decideVersion !== null || isSaidVerb(line.kind);
    if (!isOurs) continue;
    if (line.evidence && line.evidence.version !== decideVersion) otherVersion += 1;
    else {
      const why = line.evidence ? difference(line, again(plan, line, line.evidence)) : 'its facts were not kept';
      if (why !== null) return { same, otherVersion, differs: { id: line.id, why } };
      same += 1;
    }
  }
  return { same, otherVersion, differs: null };
}

function again(plan: FrozenPlan, line: KeptDecision, evidence: Evidence): Change {
  const { rollout, seen, now } = recalled(plan, evidence);
  if (evidence.word && isSaidVerb(line.kind))
    return said(rollout, seen, { verb: line.kind, actor: line.actor, ...evidence.word }, now);
  return decided(rollout, seen, decide(rollout, seen, now), now);
}

function difference(kept: KeptDecision, { ledger, move, rollout }: Change): string | null {
  if (!ledger) return `it is no decision this time: ${rollout.message ?? 'nothing is said'}`;
  const made = { ...ledger, changes: changesOf(move) };
  const fields = ['kind', 'reason', 'message', 'actor', 'stepIndex', 'facts', 'changes'] as const;
  const first = fields.find((field) => !sameJson(kept[field], made[field]));
  return first === undefined
    ? null
    : `its ${first} is ${JSON.stringify(kept[first])}, and would be ${JSON.stringify(made[first])}`;
}
