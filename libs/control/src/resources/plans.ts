import type { PlanSpec } from '@sluice/domain';
import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Page, PageRequest, Plan, PlanVersion } from './types.js';

/** A plan's specification as it is sent: what has a default may be left out. Checked whole by the domain. */
export type PlanSpecInput = Partial<PlanSpec> & Pick<PlanSpec, 'routes' | 'steps'>;

export interface CreatePlan {
  readonly projectId: string;
  readonly name: string;
  readonly spec: PlanSpecInput;
}

export interface PlanWithVersion {
  readonly plan: Plan;
  readonly version: PlanVersion;
}

export class Plans {
  create(_caller: Caller, _input: CreatePlan, _options: MutationOptions = {}): Promise<PlanWithVersion> { throw new Error('being written'); }
  newVersion(_caller: Caller, _id: string, _spec: PlanSpecInput, _options: MutationOptions = {}): Promise<PlanWithVersion> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string }, _page: PageRequest): Promise<Page<Plan>> { throw new Error('being written'); }
  /** The plan with its latest version. */
  get(_caller: Caller, _id: string): Promise<PlanWithVersion> { throw new Error('being written'); }
  getVersion(_caller: Caller, _id: string, _version: number): Promise<PlanVersion> { throw new Error('being written'); }
  listVersions(_caller: Caller, _id: string): Promise<readonly PlanVersion[]> { throw new Error('being written'); }
  /** Conflict once any rollout has used it. */
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
}
