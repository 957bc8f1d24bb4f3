import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Backend, Page, PageRequest } from './types.js';

export interface CreateBackend {
  readonly routeId: string;
  readonly clusterId: string;
  /** Unique in its route; default: the cluster's name. */
  readonly name?: string;
  readonly namespace: string;
  readonly service: string;
  /** Service port, by number or name. */
  readonly port: number | string;
  readonly targetGroupArn: string;
}

export interface CreatedBackend {
  readonly backend: Backend;
  /** The decision that adds the target group to the action at weight 0; null when it is there already, or on a dry run. */
  readonly attachDecisionId: string | null;
  readonly attachNeeded: boolean;
}

export class Backends {
  create(_caller: Caller, _input: CreateBackend, _options: MutationOptions = {}): Promise<CreatedBackend> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string; readonly routeId?: string; readonly clusterId?: string }, _page: PageRequest): Promise<Page<Backend>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Backend> { throw new Error('being written'); }
  /** Conflict unless its live weight is 0 and its binding is removed. */
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
}
