import { Conflict, Forbidden, NotFound, actorText } from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { ResourceStore, ResourceTables } from '../stores/resource-store.js';
import { Checks, knownId } from './checks.js';
import type { MutationOptions } from './options.js';
import { expectVersion, maySee } from './tenancy.js';
import type { Page, PageRequest, Project } from './types.js';

export interface CreateProject {
  readonly name: string;
}

/** The tenants. A caller bound to a project sees that one only. */
export class Projects {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
  ) {}

  /** @throws Forbidden for a caller that is bound to a project: it could not see what it made. */
  async create(caller: Caller, input: CreateProject, options: MutationOptions = {}): Promise<Project> {
    if (caller.projectId !== null) throw new Forbidden('a token that is bound to a project cannot create others');
    const checks = new Checks();
    checks.name('name', input.name);
    checks.done();
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        const project = await tx.projects.insert({
          id: this.ids.next('prj'),
          name: input.name,
          createdBy: actorText(caller.actor),
        });
        return project;
      },
      options,
    );
  }

  async list(caller: Caller, page: PageRequest): Promise<Page<Project>> {
    if (caller.projectId === null) return this.store.read.projects.page({}, page);
    const own = await this.store.read.projects.find(caller.projectId);
    return { items: own ? [own] : [], next: null };
  }

  async get(caller: Caller, id: string): Promise<Project> {
    return present(caller, id, await this.store.read.projects.find(knownId('project', id)));
  }

  /** Conflict while anything is left in it. */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<void> {
    knownId('project', id);
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        expectVersion(present(caller, id, await tx.projects.lock(id, 'change')), options);
        const left = await contents(tx, id);
        if (left.length > 0)
          throw new Conflict('ProjectNotEmpty', `the project still has ${left.join(', ')}; remove these first`, {
            left,
          });
        for (const adoptedOrGone of await tx.provisioned.all({ projectId: id }))
          await tx.provisioned.remove(adoptedOrGone.id);
        await tx.projects.remove(id);
      },
      options,
    );
  }
}

function present(caller: Caller, id: string, project: Project | null): Project {
  if (!project || !maySee(caller, project.id)) throw new NotFound('project', id);
  return project;
}

async function contents(tx: ResourceTables, projectId: string): Promise<readonly string[]> {
  const counts: [string, number][] = [
    ['routes', await tx.routes.count({ projectId })],
    ['clusters', await tx.clusters.count({ projectId })],
    ['accounts', await tx.accounts.count({ projectId })],
    ['plans', await tx.plans.count({ projectId })],
    [
      'provisioned resources',
      (await tx.provisioned.all({ projectId })).filter((one) => one.createdByUs && one.removedAt === null).length,
    ],
    ['tokens that still work', (await tx.tokens.all({ projectId })).filter((one) => one.revokedAt === null).length],
  ];
  return counts.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
}
