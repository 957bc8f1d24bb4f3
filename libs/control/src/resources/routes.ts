import type { Ownership, OtherAction, Stickiness, TargetHealth, Weights } from '@sluice/domain';
import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Page, PageRequest, Route } from './types.js';

export interface RegisterRoute {
  readonly projectId: string;
  readonly accountId: string;
  readonly name: string;
  /** A listener's (its default action) or a rule's. */
  readonly arn: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Needed when CloudFormation, CDK or Terraform made it: its next apply may revert us. */
  readonly acknowledgeApplyTimeTool?: { readonly reason: string };
  /** Foreign target groups in the action whose share is kept. */
  readonly pinned?: readonly string[];
}

/** Only what is present changes. */
export interface UpdateRoute {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Backend name -> permille, summing to 1000; null unsets them. */
  readonly steadyShares?: Readonly<Record<string, number>> | null;
  readonly pinned?: readonly string[];
  readonly acknowledgeApplyTimeTool?: { readonly reason: string };
}

export interface LiveShare {
  readonly targetGroupArn: string;
  readonly weight: number;
  /** 0–1000, largest remainder over the action; sums to 1000. */
  readonly permille: number;
  readonly backend: { readonly id: string; readonly name: string; readonly clusterId: string } | null;
  readonly pinned: boolean;
}

export interface RouteLive {
  readonly routeId: string;
  readonly arn: string;
  /** When it was read. */
  readonly at: string;
  readonly ageMs: number;
  readonly weights: Weights;
  readonly shares: readonly LiveShare[];
  /** Target groups in the action that are neither a backend's nor pinned: they block rollouts. */
  readonly foreign: readonly string[];
  readonly expected: Weights;
  readonly drifted: boolean;
  readonly ownership: Ownership;
  readonly stickiness: Stickiness;
  readonly otherActions: readonly OtherAction[];
}

export interface BackendHealth {
  readonly backendId: string;
  readonly name: string;
  readonly clusterId: string;
  readonly targetGroupArn: string;
  /** null when it could not be read: see `failure`. */
  readonly health: TargetHealth | null;
  readonly failure: { readonly code: string; readonly message: string; readonly transient: boolean } | null;
  readonly advice: readonly string[];
}

export interface RouteTargetHealth {
  readonly routeId: string;
  readonly at: string;
  readonly backends: readonly BackendHealth[];
}

export class Routes {
  register(_caller: Caller, _input: RegisterRoute, _options: MutationOptions = {}): Promise<Route> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string; readonly accountId?: string; readonly labels?: Readonly<Record<string, string>> }, _page: PageRequest): Promise<Page<Route>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Route> { throw new Error('being written'); }
  update(_caller: Caller, _id: string, _patch: UpdateRoute, _options: MutationOptions = {}): Promise<Route> { throw new Error('being written'); }
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
  live(_caller: Caller, _id: string): Promise<RouteLive> { throw new Error('being written'); }
  targetHealth(_caller: Caller, _id: string): Promise<RouteTargetHealth> { throw new Error('being written'); }
}
