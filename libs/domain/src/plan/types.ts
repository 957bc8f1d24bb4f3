/** Shares as a person writes them: backend name -> percent, one decimal, summing to 100. */
export type SharePercents = Readonly<Record<string, number>>;

export interface ExplicitStep {
  readonly name?: string;
  readonly shares: SharePercents;
  /** At least the plan's settle time is waited after verification, whatever this says. */
  readonly holdMs: number;
  readonly minHealthyTargets?: number;
}

/** Explicit steps, or a line from the present shares to `to` in `count` equal steps. */
export type StepsSpec =
  | { readonly kind: 'explicit'; readonly steps: readonly ExplicitStep[] }
  | { readonly kind: 'linear'; readonly to: SharePercents; readonly count: number; readonly holdMs: number };

/** By id or by labels (all must match). */
export type RouteSelector =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'labels'; readonly labels: Readonly<Record<string, string>> };

/** One immutable version of a plan. */
export interface PlanSpec {
  readonly schemaVersion: 1;
  readonly routes: RouteSelector;
  readonly steps: StepsSpec;
  /** Default 1. */
  readonly minHealthyTargets: number;
  /** Default 60 000. */
  readonly settleMs: number;
  /** How old a fact may be that a decision uses; null (the default) = as fresh as the account's read budget allows. */
  readonly maxFactAgeMs: number | null;
  /** Default 'block'. */
  readonly onHealthLost: 'block' | 'rollback';
  /** Default 3 600 000. */
  readonly bakeMs: number;
}
