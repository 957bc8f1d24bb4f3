import type { FrozenPlan, LiveRoute, RolloutState, RolloutVerb, RouteChange, Weights } from '@sluice/domain';
import {
  Conflict,
  InvalidInput,
  NotFound,
  PreconditionFailed,
  compilePlan,
  sameWeights,
  verbAllowed,
} from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { Page, PageRequest } from '../resources/types.js';
import type { LoadedRollout, PlanMaterial, RolloutStore } from './rollout-store.js';
import type { RolloutTimeline, RolloutView } from './types.js';
import { verbChanges } from './verb-changes.js';

export interface CreateRollout {
  readonly projectId: string;
  readonly planId: string;
  /** Default: the newest. */
  readonly planVersion?: number;
  /** Default: the plan's name. */
  readonly name?: string;
  /** ISO 8601; absent = now; null = waits for the verb start. */
  readonly startAt?: string | null;
  /** Passes over the health gate, in this person's name. */
  readonly forced?: { readonly reason: string };
}

/** What a rollout would do, from what is live now; nothing was stored. */
export interface RolloutPreview {
  readonly dryRun: true;
  readonly plan: FrozenPlan;
  readonly live: Readonly<Record<string, Weights>>;
  /** Per step, the routes it would change and how. */
  readonly changes: readonly (readonly RouteChange[])[];
}

/** Rollouts as people use them: create, look, say a verb. */
export class Rollouts {
  constructor(
    private readonly parts: {
      readonly store: RolloutStore;
      readonly loadBalancer: LoadBalancer;
      readonly access: (accountId: string) => Promise<AwsAccess>;
      readonly ids: Ids;
    },
  ) {}

  async create(caller: Caller, input: CreateRollout, options: { readonly dryRun: true }): Promise<RolloutPreview>;
  async create(caller: Caller, input: CreateRollout, options?: { readonly dryRun?: false }): Promise<RolloutView>;
  async create(
    caller: Caller,
    input: CreateRollout,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<RolloutView | RolloutPreview> {
    const material = await this.material(caller, input);
    const live = await this.readLive(material);
    const plan = compiled(material, live);
    const weights = Object.fromEntries([...live].map(([id, route]) => [id, route.action.weights]));
    if (options.dryRun) return { dryRun: true, plan, live: weights, changes: changesPerStep(plan, weights) };
    return this.parts.store.create({
      id: this.parts.ids.next('rol'),
      projectId: material.projectId,
      name: input.name ?? material.planName,
      plan,
      startAt: input.startAt === undefined ? 'now' : input.startAt === null ? null : Date.parse(input.startAt),
      forced: input.forced ? { by: caller.actor, reason: input.forced.reason } : null,
      actor: caller.actor,
      expected: Object.fromEntries(material.routes.map((route) => [route.id, route.expected])),
    });
  }

  list(
    caller: Caller,
    filter: { readonly projectId?: string | null; readonly state?: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutView>> {
    return this.parts.store.list({ projectId: scope(caller, filter.projectId), state: filter.state ?? null }, page);
  }

  async get(caller: Caller, id: string): Promise<RolloutView> {
    const view = await this.parts.store.view(id);
    if (!view || !sees(caller, view.projectId)) throw new NotFound('rollout', id);
    return view;
  }

  async timeline(caller: Caller, id: string): Promise<RolloutTimeline> {
    await this.get(caller, id);
    return this.parts.store.timeline(id);
  }

  /** Conflict `VerbNotAllowed` names the verbs the state allows. Safe to repeat; a lost race with the engine is tried again. */
  async verb(
    caller: Caller,
    id: string,
    verb: RolloutVerb,
    input: { readonly reason?: string; readonly ifVersion?: number } = {},
  ): Promise<RolloutView> {
    let stepIndex: number | null = null;
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const loaded = await this.parts.store.load(id);
      if (!loaded || !sees(caller, loaded.rollout.projectId)) throw new NotFound('rollout', id);
      const { rollout, now } = loaded;
      if (input.ifVersion !== undefined && input.ifVersion !== rollout.version) {
        throw new PreconditionFailed(
          `Rollout ${id} is at version ${String(rollout.version)}, not ${String(input.ifVersion)}; read it again.`,
          { version: rollout.version },
        );
      }
      const allowed = verbAllowed(rollout, verb, now);
      if (!allowed.ok)
        throw new Conflict('VerbNotAllowed', allowed.message, { state: rollout.state, allowed: allowed.allowed });
      stepIndex ??= rollout.stepIndex;
      if (verb === 'advance' && rollout.stepIndex !== stepIndex)
        throw new Conflict(
          'StepHasEnded',
          `The hold that was to be ended has just ended by itself; rollout ${id} is at the next step.`,
          { stepIndex: rollout.stepIndex },
        );
      const live = verb === 'adopt' || verb === 'reassert' ? await this.readLiveWeights(loaded) : {};
      const change = verbChanges[verb](rollout, { actor: caller.actor, reason: input.reason ?? null, now, live });
      if (await this.parts.store.commit(rollout, change)) return this.get(caller, id);
    }
    throw new Conflict('TooBusy', `Rollout ${id} changed ten times while ${verb} was tried; send it again.`);
  }

  private async material(caller: Caller, input: CreateRollout): Promise<PlanMaterial> {
    const material = await this.parts.store.material(input.planId, input.planVersion ?? null);
    if (!material || !sees(caller, material.projectId)) throw new NotFound('plan', input.planId);
    if (material.projectId !== input.projectId)
      throw new InvalidInput([{ field: 'planId', message: 'belongs to another project than projectId' }]);
    if (material.missingRouteIds.length > 0) {
      throw new Conflict(
        'RouteMissing',
        `The plan names routes that this project doesn't have: ${material.missingRouteIds.join(', ')}.`,
        { routeIds: material.missingRouteIds },
      );
    }
    if (material.routes.length === 0)
      throw new Conflict('NoRoutes', "The plan's selector matches no route of this project.");
    return material;
  }

  private async readLive(material: PlanMaterial): Promise<ReadonlyMap<string, LiveRoute>> {
    const reads = material.routes.map(async (route) => {
      const live = await this.parts.loadBalancer.readRoute(await this.parts.access(route.accountId), route.arn);
      if (live.ownership.kind === 'continuous') {
        throw new Conflict(
          'RouteOwnedByReconciler',
          `${live.ownership.owner} owns route ${route.name} (${live.ownership.evidence}). ${live.ownership.advice}`,
          { routeId: route.id },
        );
      }
      if (live.ownership.kind === 'applyTime' && !route.acknowledged) {
        throw new Conflict(
          'ApplyTimeToolNotAcknowledged',
          `${live.ownership.owner} made route ${route.name} (${live.ownership.evidence}); its next apply may revert us. Acknowledge that on the route first.`,
          { routeId: route.id },
        );
      }
      return [route.id, live] as const;
    });
    return new Map(await Promise.all(reads));
  }

  private async readLiveWeights({ rollout }: LoadedRollout): Promise<Readonly<Record<string, Weights>>> {
    const reads = rollout.plan.routes.map(async (route) => {
      const live = await this.parts.loadBalancer.readRoute(await this.parts.access(route.accountId), route.arn);
      return [route.id, live.action.weights] as const;
    });
    return Object.fromEntries(await Promise.all(reads));
  }
}

/** Whether a caller may know of anything in this project. */
export function sees(caller: Caller, projectId: string | null): boolean {
  return caller.projectId === null || caller.projectId === projectId;
}

/** The project a list is narrowed to; a token of one project sees nothing else. */
export function scope(caller: Caller, projectId: string | null | undefined): string | null {
  if (caller.projectId !== null && projectId != null && projectId !== caller.projectId)
    throw new NotFound('project', projectId);
  return caller.projectId ?? projectId ?? null;
}

function compiled(material: PlanMaterial, live: ReadonlyMap<string, LiveRoute>): FrozenPlan {
  const routes = material.routes.map(({ expected: _expected, acknowledged: _acknowledged, ...route }) => ({
    ...route,
    baseline: live.get(route.id)?.action.weights ?? [],
  }));
  const liveWeights = Object.fromEntries(routes.map((route) => [route.id, route.baseline]));
  const result = compilePlan(material.spec, routes, liveWeights, {
    planId: material.planId,
    planVersion: material.planVersion,
    name: material.planName,
  });
  if (!result.ok) throw new InvalidInput(result.issues);
  return result.plan;
}

function changesPerStep(
  plan: FrozenPlan,
  live: Readonly<Record<string, Weights>>,
): readonly (readonly RouteChange[])[] {
  return plan.steps.map((step, index) => {
    const previous = plan.steps[index - 1]?.weights ?? live;
    return plan.routes.flatMap((route) => {
      const before = previous[route.id] ?? [];
      const after = step.weights[route.id] ?? [];
      return sameWeights(before, after) ? [] : [{ routeId: route.id, before, after }];
    });
  });
}
