import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Page, PageRequest, Project } from './types.js';

export interface CreateProject {
  readonly name: string;
}

export class Projects {
  create(_caller: Caller, _input: CreateProject, _options: MutationOptions = {}): Promise<Project> { throw new Error('being written'); }
  list(_caller: Caller, _page: PageRequest): Promise<Page<Project>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Project> { throw new Error('being written'); }
  /** Conflict while anything is left in it. */
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
}
