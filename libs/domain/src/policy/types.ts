import type { Reason } from '../rollout/decision.js';
import type { Forced, Instant, Fact } from '../rollout/types.js';
import type { Ownership, TargetHealth } from '../route/types.js';
import type { Weights } from '../weights/types.js';

/** Who proposes: a plan's step or a repair; a named person; a rollback or evacuation. Picks the column of each rule. */
export type Purpose = 'planned' | 'person' | 'emergency';

/** What a broken rule does to the move of a route: `hold` waits, `refuse` ends it, `note` goes on and lists it, `leave` leaves this route and lists it. */
export type Effect = 'hold' | 'refuse' | 'note' | 'leave';

/** One route's part of a move, with everything the rules look at. Facts may be missing: no data is never a pass. */
export interface ProposedChange {
  readonly routeId: string;
  readonly routeName: string;
  readonly before: Weights;
  readonly after: Weights;
  readonly backends: readonly {
    readonly name: string;
    readonly clusterId: string;
    readonly clusterName: string;
    readonly targetGroupArn: string;
  }[];
  readonly pinned: readonly string[];
  /** null = never read. */
  readonly ownership: Ownership | null;
  readonly acknowledged: boolean;
  readonly minHealthyTargets: number;
  /** A named person's permission to break the rules that can be forced, with a reason. */
  readonly forced: Forced | null;
}

export interface PolicyFacts {
  readonly now: Instant;
  /** By target group ARN; a fact older than its `freshForMs` is not used. */
  readonly health: Readonly<
    Record<string, { readonly fact: Fact<TargetHealth>; readonly freshForMs: number } | undefined>
  >;
  /** By cluster id. */
  readonly clusters: Readonly<
    Record<string, { readonly name: string; readonly cordoned: boolean; readonly retired: boolean } | undefined>
  >;
  /** Evacuated clusters. */
  readonly mask: ReadonlySet<string>;
  /** The project's freeze, when one is on. */
  readonly freeze: { readonly by: string; readonly reason: string } | null;
}

/** One broken rule on one route. `message` is for an operator, with the way out; it doesn't name the route. */
export interface RuleFinding {
  readonly rule: RuleName;
  readonly reason: Reason;
  readonly effect: Effect;
  readonly routeId: string;
  readonly routeName: string;
  /** What an operator calls the backends concerned; empty where it is the route itself. */
  readonly subjects: readonly string[];
  readonly message: string;
}

export const ruleNames = [
  'unsafeWeights',
  'ownership',
  'acknowledgement',
  'foreign',
  'retired',
  'mask',
  'freeze',
  'cordoned',
  'clusterKnown',
  'attached',
  'healthKnown',
  'healthy',
  'healthyLeft',
] as const;
export type RuleName = (typeof ruleNames)[number];
