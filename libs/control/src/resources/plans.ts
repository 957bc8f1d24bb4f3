import { Conflict, InvalidInput, NotFound, validatePlan, type PlanSpec, actorText } from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { ResourceStore, ResourceTables, ResourceTransaction } from '../stores/resource-store.js';
import { Checks, knownId } from './checks.js';
import type { MutationOptions } from './options.js';
import { expectVersion, keepProject, own, projectFilter } from './tenancy.js';
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

const defaults = {
  schemaVersion: 1,
  minHealthyTargets: 1,
  settleMs: 60_000,
  maxFactAgeMs: null,
  onHealthLost: 'block',
  bakeMs: 3_600_000,
} as const satisfies Partial<PlanSpec>;

/** Plans. A version never changes; a change is the next version. */
export class Plans {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
  ) {}

  async create(caller: Caller, input: CreatePlan, options: MutationOptions = {}): Promise<PlanWithVersion> {
    const checks = new Checks();
    checks.name('name', input.name);
    const spec = whole(checks, input.spec);
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        await keepProject(tx, caller, input.projectId);
        await refuseUnknownRoutes(tx, input.projectId, spec);
        const plan = await tx.plans.insert({
          id: this.ids.next('pln'),
          projectId: input.projectId,
          name: input.name,
          latestVersion: 1,
          createdBy: actorText(caller.actor),
        });
        const version = await tx.planVersions.insert({
          planId: plan.id,
          version: 1,
          spec,
          createdBy: actorText(caller.actor),
        });
        return { plan, version };
      },
      options,
    );
  }

  async newVersion(
    caller: Caller,
    id: string,
    input: PlanSpecInput,
    options: MutationOptions = {},
  ): Promise<PlanWithVersion> {
    knownId('plan', id);
    const spec = whole(new Checks(), input);
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        const before = own(caller, 'plan', id, await tx.plans.lock(id, 'change'));
        expectVersion(before, options);
        await refuseUnknownRoutes(tx, before.projectId, spec);
        const next = before.latestVersion + 1;
        const plan = await tx.plans.update(id, { latestVersion: next });
        const version = await tx.planVersions.insert({
          planId: id,
          version: next,
          spec,
          createdBy: actorText(caller.actor),
        });
        return { plan, version };
      },
      options,
    );
  }

  async list(caller: Caller, filter: { readonly projectId?: string }, page: PageRequest): Promise<Page<Plan>> {
    return this.store.read.plans.page(projectFilter(caller, filter.projectId), page);
  }

  /** The plan with its latest version. */
  async get(caller: Caller, id: string): Promise<PlanWithVersion> {
    const plan = await this.#find(caller, id);
    return { plan, version: await this.#version(plan.id, plan.latestVersion) };
  }

  async getVersion(caller: Caller, id: string, version: number): Promise<PlanVersion> {
    const plan = await this.#find(caller, id);
    return this.#version(plan.id, version);
  }

  /** Newest first. */
  async listVersions(caller: Caller, id: string): Promise<readonly PlanVersion[]> {
    const plan = await this.#find(caller, id);
    return this.store.read.planVersions.all(plan.id);
  }

  /** Conflict once any rollout has used it: the ledger refers to it. */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<void> {
    knownId('plan', id);
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        const plan = own(caller, 'plan', id, await tx.plans.lock(id, 'change'));
        expectVersion(plan, options);
        const rollouts = await tx.engine.rolloutsOfPlan(id);
        if (rollouts > 0)
          throw new Conflict(
            'PlanInUse',
            `${rollouts} rollouts have used this plan; it stays, because their history refers to it`,
            { rollouts },
          );
        await tx.planVersions.removeAll(id);
        await tx.plans.remove(id);
      },
      options,
    );
  }

  async #find(caller: Caller, id: string): Promise<Plan> {
    return own(caller, 'plan', id, await this.store.read.plans.find(knownId('plan', id)));
  }

  async #version(planId: string, version: number): Promise<PlanVersion> {
    const isPossible = Number.isInteger(version) && version >= 1 && version <= 2_147_483_647;
    const found = isPossible ? await this.store.read.planVersions.find(planId, version) : null;
    if (!found) throw new NotFound('plan version', `${planId} ${version}`);
    return found;
  }
}

/** With defaults, checked by the domain; everything wrong at once. */
function whole(checks: Checks, input: PlanSpecInput): PlanSpec {
  const { schemaVersion, routes, steps, minHealthyTargets, settleMs, maxFactAgeMs, onHealthLost, bakeMs } = {
    ...defaults,
    ...input,
  };
  const spec: PlanSpec = {
    schemaVersion,
    routes,
    steps,
    minHealthyTargets,
    settleMs,
    maxFactAgeMs,
    onHealthLost,
    bakeMs,
  };
  if (schemaVersion !== 1) checks.fail('spec.schemaVersion', 'must be 1');
  checks.oneOf('spec.onHealthLost', onHealthLost, ['block', 'rollback']);
  checks.storable('spec', spec);
  for (const issue of validatePlan(spec)) checks.fail(`spec.${issue.field}`, issue.message);
  checks.done();
  return spec;
}

async function refuseUnknownRoutes(
  tx: ResourceTables | ResourceTransaction,
  projectId: string,
  spec: PlanSpec,
): Promise<void> {
  if (spec.routes.kind !== 'ids') return;
  const known = new Set((await tx.routes.all({ projectId })).map((one) => one.id));
  const issues = spec.routes.ids.flatMap((id, i) =>
    known.has(id) ? [] : [{ field: `spec.routes.ids.${i}`, message: 'is not a route of this project' }],
  );
  if (issues.length > 0) throw new InvalidInput(issues);
}
