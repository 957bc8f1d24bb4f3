import type { Weights } from '@sluice/domain';

/** Why a write is made: a step, a way back, a person's one-off weights, an attachment at weight 0, a reassertion. */
export type IntentPurpose = 'step' | 'rollback' | 'oneOff' | 'attach' | 'reassert';

/** One write that has been decided. */
export interface Intent {
  readonly id: string;
  readonly accountId: string;
  readonly rolloutId: string | null;
  readonly routeId: string;
  readonly routeArn: string;
  readonly purpose: IntentPurpose;
  readonly state: 'pending' | 'sent';
  readonly before: Weights;
  readonly after: Weights;
  /** ARNs a person pinned on the route, and those of its backends: everything else in the action is foreign. */
  readonly pinned: readonly string[];
  readonly backends: readonly string[];
  readonly minHealthyTargets: number;
  readonly maxFactAgeMs: number;
  readonly forced: { readonly by: string; readonly reason: string } | null;
  readonly attempts: number;
  /** Whether, by now, something newer covers it: it may be settled, never sent again (rule 5). */
  readonly covered: boolean;
}

/** Writes that must not wait for the others, and that pass over the safety rules of planned change (rule 12). */
export function isEmergency(purpose: IntentPurpose): boolean {
  return purpose === 'rollback';
}

/** Lower is sooner: evacuate = rollback > a person > step. */
export function priorityOf(purpose: IntentPurpose): number {
  return purpose === 'rollback' ? 0 : purpose === 'oneOff' || purpose === 'reassert' ? 1 : 2;
}
