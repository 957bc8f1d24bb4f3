import type { Change, FieldIssue, FrozenPlan, FrozenRoute, LiveRoute, RolloutReason } from '@sluice/domain';
import {
  actorText,
  Conflict,
  engineActor,
  InvalidInput,
  compilePlan,
  counted,
  hasReason,
  known,
  listed,
  nothing,
  rolloutReasons,
  started,
} from '@sluice/domain';
import type { CommitResult, LoadedRollout, PlanMaterial, RolloutStore } from './rollout-store.js';

/** What stands in the way of a start, or the plan compiled against its routes as they were last seen. */
export type Compiled =
  | { readonly ok: true; readonly plan: FrozenPlan }
  /** `wait`: looks are missing or too old, new ones are on their way. */
  | {
      readonly ok: false;
      readonly kind: 'wait' | 'refuse';
      readonly reason: RolloutReason;
      readonly message: string;
      readonly issues?: readonly FieldIssue[];
    };

/**
 * Compiles, claims and gives the baseline: all at the start, so that a scheduled rollout holds nothing and begins with
 * what is live then. Nothing is read for it: the gateways watch every registered route.
 */
export class StartRollout {
  constructor(private readonly store: RolloutStore) {}

  /** Its time has come: starts, waits for fresh looks, or blocks and says why. */
  async due(loaded: LoadedRollout): Promise<CommitResult> {
    const compiled = await this.compile(loaded);
    const change = compiled.ok
      ? started(loaded.rollout, compiled.plan, actorText(engineActor('schedule')), null, loaded.now)
      : notYet(compiled, loaded.now);
    try {
      return await this.store.commit(loaded, change, 'schedule');
    } catch (error) {
      if (!(error instanceof Conflict && hasReason(rolloutReasons, error.reason))) throw error;
      return this.store.commit(
        loaded,
        notYet({ ok: false, kind: 'refuse', reason: error.reason, message: error.message }, loaded.now),
        'schedule',
      );
    }
  }

  /** The verb start: what stands in the way is the caller's to know. */
  async now(loaded: LoadedRollout): Promise<FrozenPlan> {
    const compiled = await this.compile(loaded);
    if (!compiled.ok) throw new Conflict(compiled.reason, compiled.message);
    return compiled.plan;
  }

  private async compile({ rollout }: LoadedRollout): Promise<Compiled> {
    const { planId, planVersion } = rollout.plan;
    const material = await this.store.material(planId, planVersion);
    if (!material) return refuse('PlanDoesNotFit', 'Its plan is gone.');
    return compileNow(material, 'fresh');
  }
}

/** A person looks at it (`Blocked`), or it waits a moment for new looks. */
function notYet(compiled: Extract<Compiled, { ok: false }>, now: number): Change {
  const told = { reason: compiled.reason, message: compiled.message };
  if (compiled.kind === 'wait') return { ...nothing, rollout: told, wakeAt: now + 1_000 };
  return {
    ...nothing,
    rollout: told,
    // held up by what somebody else does or mends: looked at again until it fits, or somebody cancels it
    wakeAt: now + 15_000,
  };
}

/**
 * The plan against its routes as last seen. `fresh`: looks have to count still (a start); `any`: the newest there are
 * (a preview, a creation for later).
 */
export function compileNow(material: PlanMaterial, looks: 'fresh' | 'any'): Compiled {
  if (material.missingRouteIds.length > 0)
    return refuse(
      'RouteMissing',
      `The plan names routes that this project doesn't have: ${listed(material.missingRouteIds)}.`,
    );
  if (material.routes.length === 0) return refuse('NoRoutes', "The plan's selector matches no route of this project.");
  const live = new Map<string, LiveRoute>();
  const unseen: string[] = [];
  for (const route of material.routes) {
    const fact = material.seen[route.id];
    const seen = looks === 'any' && fact?.ok ? fact : known(fact, material.now, material.spec.maxFactAgeMs);
    if ('value' in seen) live.set(route.id, seen.value);
    else unseen.push(`${route.name} ${'why' in seen ? seen.why : 'has not been read yet'}`);
  }
  if (unseen.length > 0) {
    const message = `The live weights of ${counted(unseen.length, 'route')} aren't known: route ${listed(unseen)}. They are read as soon as the account's read budget allows; check that the account can be reached (verb check of the account).`;
    return { ok: false, kind: 'wait', reason: 'ObservationIsStale', message };
  }
  return ownersRefuse(material, live) ?? compiledFrom(material, live);
}

function ownersRefuse(material: PlanMaterial, live: ReadonlyMap<string, LiveRoute>): Compiled | null {
  for (const route of material.routes) {
    const ownership = live.get(route.id)?.ownership;
    if (ownership?.kind === 'continuous')
      return refuse(
        'RouteOwnedByReconciler',
        `${ownership.owner} owns route ${route.name} (${ownership.evidence}). ${ownership.advice}`,
      );
    if (ownership?.kind === 'applyTime' && !route.acknowledged)
      return refuse(
        'ApplyTimeToolNotAcknowledged',
        `${ownership.owner} made route ${route.name} (${ownership.evidence}); its next apply may revert us. Acknowledge that on the route first.`,
      );
  }
  return null;
}

function compiledFrom(material: PlanMaterial, live: ReadonlyMap<string, LiveRoute>): Compiled {
  const routes = material.routes.map(
    ({ acknowledged: _acknowledged, expected: _expected, claimedBy: _claimedBy, ...route }): FrozenRoute => ({
      ...route,
      baseline: live.get(route.id)?.action.weights ?? [],
    }),
  );
  const liveWeights = Object.fromEntries(routes.map((route) => [route.id, route.baseline]));
  const { planId, planVersion, planName: name } = material;
  const result = compilePlan(material.spec, routes, liveWeights, { planId, planVersion, name });
  if (result.ok) return result;
  const issues = result.issues.map((issue) => `${issue.field}: ${issue.message}`);
  return { ok: false, kind: 'refuse', reason: 'PlanDoesNotFit', message: `${listed(issues)}.`, issues: result.issues };
}

function refuse(reason: RolloutReason, message: string): Compiled {
  return { ok: false, kind: 'refuse', reason, message };
}

/** For callers: bad input as such, everything else as the conflict it is. */
export function refuseCreation(material: PlanMaterial, compiled: Extract<Compiled, { ok: false }>): never {
  if (compiled.issues) throw new InvalidInput(compiled.issues);
  throw new Conflict(compiled.reason, compiled.message, { planId: material.planId });
}
