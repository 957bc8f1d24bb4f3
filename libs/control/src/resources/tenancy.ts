import { NotFound, PreconditionFailed } from '@sluice/domain';
import type { Caller } from '../context.js';
import type { ResourceTransaction } from '../stores/resource-store.js';
import { knownId } from './checks.js';
import type { MutationOptions } from './options.js';
import type { Project } from './types.js';

/** Whether this caller may know that the project's things exist. */
export function maySee(caller: Caller, projectId: string | null): boolean {
  return caller.projectId === null || caller.projectId === projectId;
}

/** The row, if it exists and is this caller's; another project's object doesn't exist for it. */
export function own<R extends { readonly projectId: string | null }>(
  caller: Caller,
  what: string,
  id: string,
  row: R | null,
): R {
  if (!row || !maySee(caller, row.projectId)) throw new NotFound(what, id);
  return row;
}

/** A list's project: the caller's own where it is bound to one. */
export function projectFilter(caller: Caller, projectId: string | undefined): { projectId?: string } {
  if (projectId === undefined) return caller.projectId === null ? {} : { projectId: caller.projectId };
  knownId('project', projectId);
  if (!maySee(caller, projectId)) throw new NotFound('project', projectId);
  return { projectId };
}

/** The project a new thing goes into, kept from being removed meanwhile. */
export async function keepProject(tx: ResourceTransaction, caller: Caller, id: string): Promise<Project> {
  if (!maySee(caller, knownId('project', id))) throw new NotFound('project', id);
  const project = await tx.projects.lock(id, 'keep');
  if (!project) throw new NotFound('project', id);
  return project;
}

/** If-Match: the version that the caller saw must still be the present one. */
export function expectVersion(row: { readonly version: number }, options: MutationOptions): void {
  if (options.ifVersion !== undefined && options.ifVersion !== row.version) {
    throw new PreconditionFailed(
      `this is version ${row.version} by now, not ${options.ifVersion}: read it again and decide whether your change still fits`,
      { version: row.version },
    );
  }
}
