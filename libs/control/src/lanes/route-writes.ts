import type { IntentPurpose, Weights } from '@sluice/domain';
import type { DecisionView, IntentView } from '../rollouts/types.js';

/** Decisions that aren't a rollout's: one-off weights, attachments. */
export interface RouteWrite {
  readonly projectId: string;
  readonly routeId: string;
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly actor: string;
  readonly purpose: IntentPurpose;
  readonly before: Weights;
  readonly after: Weights;
  readonly minHealthyTargets: number;
  readonly forced: { readonly by: string; readonly reason: string } | null;
}

export interface RouteMaterial {
  readonly id: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly arn: string;
  readonly name: string;
  readonly pinned: readonly string[];
  readonly expected: Weights;
  readonly backends: readonly {
    readonly name: string;
    readonly targetGroupArn: string;
    readonly clusterName: string;
    readonly retired: boolean;
    readonly cordoned: boolean;
  }[];
  /** The active rollout that moves it, if any. */
  readonly rolloutId: string | null;
}

export abstract class RouteWriteStore {
  abstract route(routeId: string): Promise<RouteMaterial | null>;
  /** Conflict `RouteIsBusy` while a rollout moves the route or another write is outstanding. */
  abstract write(write: RouteWrite): Promise<{ decision: DecisionView; intent: IntentView }>;
  /** Routes that no rollout moves and nothing is being written to: what the drift sweep reads. */
  abstract idleRoutes(limit: number, afterId: string | null): Promise<readonly RouteMaterial[]>;
  /** Records (or clears) drift; says whether that changed anything. */
  abstract recordSweep(
    routeId: string,
    expected: Weights,
    drift: { live: Weights; message: string } | null,
  ): Promise<boolean>;
}
