import type { Caller } from '../context.js';
import type { ApplyBinding, DesiredBinding, RemoveBinding } from '../ports/cluster-agent.js';
import type { MutationOptions } from './options.js';
import type { Binding, Page, PageRequest } from './types.js';

/** 'auto' (default): the load balancer's security groups, when it has any; 'off': `networking` is left out. */
export type NetworkingChoice = 'auto' | 'off' | { readonly securityGroupIds: readonly string[]; readonly port?: number | string | null };

export interface ApplyBindingInput {
  readonly backendId: string;
  readonly networking?: NetworkingChoice;
  /** Takes over fields that another field manager set. Default false. */
  readonly force?: boolean;
}

export interface AppliedBinding {
  readonly binding: Binding;
  /** What the cluster answered; a refusal has `reason`, `message` and `way`. */
  readonly outcome: ApplyBinding;
}

export interface BindingPreview {
  readonly desired: DesiredBinding;
  readonly outcome: ApplyBinding;
}

export interface RemovedBinding {
  readonly binding: Binding;
  readonly outcome: RemoveBinding;
  readonly drained: { readonly drained: boolean; readonly measured: boolean; readonly message: string };
}

export class Bindings {
  /** Refused by the cluster is an outcome (state Refused), not an error. */
  apply(_caller: Caller, _input: ApplyBindingInput, _options: MutationOptions = {}): Promise<AppliedBinding> { throw new Error('being written'); }
  /** Asks the cluster's API server with a dry run; stores nothing. */
  dryRun(_caller: Caller, _input: ApplyBindingInput): Promise<BindingPreview> { throw new Error('being written'); }
  /** Reads it back and stores what the cluster shows. */
  refresh(_caller: Caller, _id: string): Promise<Binding> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string; readonly routeId?: string; readonly clusterId?: string; readonly backendId?: string }, _page: PageRequest): Promise<Page<Binding>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Binding> { throw new Error('being written'); }
  /** Conflict (StillServing) until its target group is drained. */
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<RemovedBinding> { throw new Error('being written'); }
}
