import { lookedAt, sameWeights, type Fact, type Ownership, type TargetHealth } from '@sluice/domain';
import type { ActionFact, FactWrite } from '../ports/fact-store.js';

/** One look at one subject. */
export type Look = { readonly accountId: string; readonly arn: string } & (
  | { readonly kind: 'action'; readonly fact: Fact<ActionFact> }
  | { readonly kind: 'health'; readonly fact: Fact<TargetHealth> }
  | { readonly kind: 'owner'; readonly fact: Fact<Ownership> }
);

export interface Joined {
  readonly write: FactWrite;
  /** The decisions that stand on it have to be made again. */
  readonly changed: boolean;
}

/** What is known of a subject after one more look, with what matters of it: weights, healthy targets, the owner. */
export function joinLook(before: FactWrite | undefined, look: Look, periodMs: number): Joined {
  const { accountId, arn } = look;
  switch (look.kind) {
    case 'action': {
      const known = before?.kind === 'action' ? before.watched : null;
      const { watched, changed } = lookedAt(known, look.fact, periodMs, (live) => live.action.weights, sameWeights);
      return { write: { kind: 'action', accountId, arn, watched }, changed };
    }
    case 'health': {
      const known = before?.kind === 'health' ? before.watched : null;
      const { watched, changed } = lookedAt(known, look.fact, periodMs, (health) => health.healthy, isSame);
      return { write: { kind: 'health', accountId, arn, watched }, changed };
    }
    case 'owner': {
      const known = before?.kind === 'owner' ? before.watched : null;
      const { watched, changed } = lookedAt(known, look.fact, periodMs, ownerMark, isSame);
      return { write: { kind: 'owner', accountId, arn, watched }, changed };
    }
  }
}

function isSame<M>(a: M, b: M): boolean {
  return a === b;
}

function ownerMark(ownership: Ownership): string {
  return 'owner' in ownership ? `${ownership.kind} ${ownership.owner}` : ownership.kind;
}
