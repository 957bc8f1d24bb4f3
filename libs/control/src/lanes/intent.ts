import type { Forced, Goal, IntentPurpose, Weights } from '@sluice/domain';

/** One write that has been decided, with what its route is now. */
export interface Intent {
  readonly id: string;
  readonly accountId: string;
  readonly rolloutId: string | null;
  readonly routeId: string;
  readonly routeName: string;
  readonly routeArn: string;
  readonly listenerArn: string;
  readonly isDefault: boolean;
  readonly purpose: IntentPurpose;
  readonly state: 'pending' | 'sent';
  readonly goal: Goal;
  /** Weights it may go out over; null = over anything, its goal is resolved at the send. */
  readonly before: Weights | null;
  readonly after: Weights;
  readonly backends: readonly {
    readonly name: string;
    readonly clusterId: string;
    readonly clusterName: string;
    readonly targetGroupArn: string;
    readonly cordoned: boolean;
    readonly retired: boolean;
  }[];
  /** Foreign target groups a person pinned on the route: they keep their share. */
  readonly pinned: readonly string[];
  readonly acknowledged: boolean;
  readonly minHealthyTargets: number;
  readonly forced: Forced | null;
  readonly attempts: number;
  /** Whether, by now, something newer covers it: it may be settled, never sent again (rule 5). */
  readonly covered: boolean;
}
