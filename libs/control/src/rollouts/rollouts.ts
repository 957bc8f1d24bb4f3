import type { FrozenPlan, RolloutState, RolloutVerb, RouteChange, Weights } from '@sluice/domain';
import {
  actorText,
  Conflict,
  InvalidInput,
  NotFound,
  PreconditionFailed,
  sameWeights,
  said,
  started,
  verbAllowed,
  verifiedAt,
  weightsOfStep,
} from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { Page, PageRequest } from '../resources/types.js';
import type { LoadedRollout, PlanMaterial, RolloutStore } from './rollout-store.js';
import { StartRollout, compileNow, refuseCreation } from './start-rollout.js';
import type { RolloutSummary, RolloutProgress, RolloutTimeline, RolloutView } from './types.js';

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

/** What a rollout would do, from what was last seen; nothing was stored. */
export interface RolloutPreview {
  readonly dryRun: true;
  readonly plan: FrozenPlan;
  readonly live: Readonly<Record<string, Weights>>;
  /** Per step, the routes it would change and how. */
  readonly changes: readonly (readonly RouteChange[])[];
}

export interface VerbInput {
  readonly reason?: string;
  readonly ifVersion?: number;
  /** advance: the step whose hold is to end; 409 `StepHasEnded` where it isn't that any more. Default: the present one. */
  readonly stepIndex?: number;
  /** adopt, reassert: the routes that it is about. Default: all. */
  readonly routeIds?: readonly string[];
  /** rollback: also over something newer that moved a route since; needs a reason. */
  readonly force?: boolean;
}

/** Rollouts as people use them: create, look, say a verb. */
export class Rollouts {
  constructor(
    private readonly parts: {
      readonly store: RolloutStore;
      readonly ids: Ids;
    },
  ) {
    this.start = new StartRollout(parts.store);
  }
  private readonly start: StartRollout;

  async create(caller: Caller, input: CreateRollout, options: { readonly dryRun: true }): Promise<RolloutPreview>;
  async create(caller: Caller, input: CreateRollout, options?: { readonly dryRun?: false }): Promise<RolloutView>;
  async create(
    caller: Caller,
    input: CreateRollout,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<RolloutView | RolloutPreview> {
    const material = await this.material(caller, input);
    const startsNow = input.startAt === undefined;
    const compiled = compileNow(material, 'any');
    if (!compiled.ok) return refuseCreation(material, compiled);
    const { plan } = compiled;
    if (options.dryRun) return preview(plan);
    if (startsNow) refuseBusy(material);
    return this.parts.store.create({
      id: this.parts.ids.next('rol'),
      projectId: material.projectId,
      name: input.name ?? material.planName,
      plan,
      startAt: startsNow ? 'now' : input.startAt == null ? null : Date.parse(input.startAt),
      forced: input.forced ? { by: actorText(caller.actor), reason: input.forced.reason } : null,
      actor: caller.actor,
    });
  }

  list(
    caller: Caller,
    filter: { readonly projectId?: string | null; readonly state?: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutSummary>> {
    return this.parts.store.list({ projectId: scope(caller, filter.projectId), state: filter.state ?? null }, page);
  }

  async get(caller: Caller, id: string): Promise<RolloutView> {
    const view = await this.parts.store.view(id);
    if (!view || !sees(caller, view.projectId)) throw new NotFound('rollout', id);
    return view;
  }

  /** With `routeId` only what is about this route. */
  async timeline(caller: Caller, id: string, routeId: string | null = null): Promise<RolloutTimeline> {
    await this.get(caller, id);
    return this.parts.store.timeline(id, routeId);
  }

  async progress(caller: Caller, id: string): Promise<RolloutProgress> {
    await this.get(caller, id);
    return this.parts.store.progress(id);
  }

  /** Conflict `VerbNotAllowed` names the verbs the state allows. Accepted at the first try, whatever the engine does meanwhile. */
  async verb(caller: Caller, id: string, verb: RolloutVerb, input: VerbInput = {}): Promise<RolloutView> {
    if (input.force && !input.reason)
      throw new InvalidInput([
        { field: 'reason', message: 'is needed with force: it stands in the ledger beside your name' },
      ]);
    const by = actorText(caller.actor);
    const plan = verb === 'start' ? await this.planNow(caller, id) : null;
    await this.parts.store.say(
      id,
      caller.actor,
      (loaded) => {
        refuseVerb(caller, loaded, verb, input);
        const { rollout, seen, now } = loaded;
        const reason = input.reason ?? null;
        if (verb === 'start') return started(rollout, plan ?? rollout.plan, by, reason, now);
        return said(rollout, seen, { verb, actor: by, reason, routeIds: input.routeIds ?? null }, now);
      },
      { refuseOverNewer: verb === 'rollback' && !input.force },
    );
    return this.get(caller, id);
  }

  private async planNow(caller: Caller, id: string): Promise<FrozenPlan> {
    const loaded = await this.parts.store.load(id);
    if (!loaded || !sees(caller, loaded.rollout.projectId)) throw new NotFound('rollout', id);
    refuseVerb(caller, loaded, 'start', {});
    return this.start.now(loaded);
  }

  private async material(caller: Caller, input: CreateRollout): Promise<PlanMaterial> {
    const material = await this.parts.store.material(input.planId, input.planVersion ?? null);
    if (!material || !sees(caller, material.projectId)) throw new NotFound('plan', input.planId);
    if (material.projectId !== input.projectId)
      throw new InvalidInput([{ field: 'planId', message: 'belongs to another project than projectId' }]);
    return material;
  }
}

/** Everything that speaks against a verb now, and the way out. */
function refuseVerb(caller: Caller, { rollout, now, seen }: LoadedRollout, verb: RolloutVerb, input: VerbInput): void {
  if (!sees(caller, rollout.projectId)) throw new NotFound('rollout', rollout.id);
  if (input.ifVersion !== undefined && input.ifVersion !== rollout.version) {
    throw new PreconditionFailed(
      `Rollout ${rollout.id} is at version ${String(rollout.version)}, not ${String(input.ifVersion)}; read it again.`,
      { version: rollout.version },
    );
  }
  const allowed = verbAllowed(rollout, verb, now);
  if (!allowed.ok)
    throw new Conflict('VerbNotAllowed', allowed.message, { state: rollout.state, allowed: allowed.allowed });
  if (verb === 'advance') refuseAdvance(rollout, input.stepIndex);
  if (verb === 'adopt' || verb === 'reassert') refuseUnseen({ rollout, seen }, verb, input);
}

/** advance ends the hold that the person saw, and no other. */
function refuseAdvance(rollout: LoadedRollout['rollout'], stepIndex: number | undefined): void {
  if (stepIndex !== undefined && stepIndex !== rollout.stepIndex)
    throw new Conflict(
      'StepHasEnded',
      `Step ${String(stepIndex + 1)} is not the present one any more: the rollout is at step ${String(rollout.stepIndex + 1)} of ${String(rollout.plan.steps.length)}. Look again, then advance that one.`,
      { stepIndex: rollout.stepIndex },
    );
  if (verifiedAt(rollout) === null)
    throw new Conflict(
      'NoHoldToEnd',
      rollout.stepIndex < 0
        ? 'No step is being held yet; the first one begins by itself.'
        : `Step ${String(rollout.stepIndex + 1)} is still being written, so it has no hold to end yet. Wait until it is verified on every route.`,
      { stepIndex: rollout.stepIndex },
    );
}

/** A person adopts or reasserts what they saw; where nothing was seen there is nothing to take as right. */
function refuseUnseen(
  { rollout, seen }: Pick<LoadedRollout, 'rollout' | 'seen'>,
  verb: RolloutVerb,
  { routeIds }: VerbInput,
): void {
  const known = new Set(rollout.plan.routes.map((route) => route.id));
  const strangers = (routeIds ?? []).filter((id) => !known.has(id));
  if (strangers.length > 0)
    throw new InvalidInput(
      strangers.map((id) => ({ field: 'routeIds', message: `${id} is not a route of this rollout` })),
    );
  const concerned = rollout.plan.routes.filter((route) => !routeIds || routeIds.includes(route.id));
  if (concerned.some((route) => seen.routes[route.id]?.ok)) return;
  throw new Conflict(
    'ObservationIsStale',
    `None of its routes can be read at the moment, so there is nothing to ${verb}. Check that their account can be reached, or abort.`,
  );
}

function refuseBusy(material: PlanMaterial): void {
  const taken = material.routes.filter((route) => route.claimedBy !== null);
  if (taken.length === 0) return;
  const holders = [...new Set(taken.map((route) => route.claimedBy ?? ''))];
  throw new Conflict(
    'RouteIsBusy',
    `Rollout ${holders.join(', ')} moves ${taken.map((route) => route.name).join(', ')}. Wait for it to end, or abort it.`,
    { routes: taken.map((route) => route.name), rolloutIds: holders },
  );
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

/** The steps as they would be written one after the other, by the same resolver that writes them. */
function preview(plan: FrozenPlan): RolloutPreview {
  const live = Object.fromEntries(plan.routes.map((route) => [route.id, route.baseline]));
  const present = { ...live };
  const changes = plan.steps.map((step) =>
    plan.routes.flatMap((route): RouteChange[] => {
      const before = present[route.id] ?? [];
      const built = weightsOfStep(route, step, before);
      if (!built.ok || sameWeights(before, built.weights)) return [];
      present[route.id] = built.weights;
      return [{ routeId: route.id, before, after: built.weights }];
    }),
  );
  return { dryRun: true, plan, live, changes };
}
