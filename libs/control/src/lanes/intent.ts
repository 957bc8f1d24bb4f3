import type { IntentPurpose, Weights } from '@sluice/domain';

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
