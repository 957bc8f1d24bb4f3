import type { Permille, Weights } from '../weights/types.js';

/** What a move wants of one route. `resolve` alone makes weights of it, whoever asks. */
export type Goal =
  /** Shares by backend name, in tenths of a percent of what the pinned target groups leave; a backend not named gets 0. */
  | { readonly kind: 'shares'; readonly shares: Readonly<Record<string, Permille>> }
  /** These weights, exactly; pinned target groups must keep their share in them. */
  | { readonly kind: 'weights'; readonly weights: Weights }
  /** The shares before the rollout, around whatever else is live now. */
  | { readonly kind: 'baseline'; readonly baseline: Weights }
  /** Adds target groups at weight 0; what is there already stays as it is. */
  | { readonly kind: 'attach'; readonly targetGroupArns: readonly string[] }
  /** Takes target groups that have weight 0 out of the action. */
  | { readonly kind: 'detach'; readonly targetGroupArns: readonly string[] };

/** A backend as far as weights are concerned. */
export interface GoalBackend {
  readonly name: string;
  readonly clusterId: string;
  readonly targetGroupArn: string;
}

export interface GoalRoute {
  readonly backends: readonly GoalBackend[];
  /** Foreign target groups that a person pinned: they keep the share that they have in `live`. */
  readonly pinned: readonly string[];
}

/** Clusters that are evacuated now: whatever the goal or author, they get 0. */
export type Mask = ReadonlySet<string>;

export type Resolved =
  | { readonly ok: true; readonly weights: Weights }
  /** `UnsafeWeights` (rule 1), `ForeignTargetGroup`, `StillServing` (a detach), `PinnedShareWouldChange`, `NobodyLeft` (everyone masked). */
  | {
      readonly ok: false;
      readonly reason:
        'UnsafeWeights' | 'ForeignTargetGroup' | 'StillServing' | 'PinnedShareWouldChange' | 'NobodyLeft';
      readonly message: string;
    };
