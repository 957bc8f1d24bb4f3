import type {
  Goal,
  IntentPurpose,
  LedgerLine,
  LedgerReason,
  LiveRoute,
  PolicyFacts,
  RuleFinding,
  Weights,
} from '@sluice/domain';
import {
  Conflict,
  InvalidInput,
  NotFound,
  PreconditionFailed,
  known,
  mayMove,
  raisesShare,
  resolve,
  sameWeights,
  shareIssues,
  sortWeights,
  unsafeWeights,
  actorText,
} from '@sluice/domain';
import type { Caller } from '../context.js';
import { WeightWriter, type Attachment } from '../resources/weight-writer.js';
import { sees } from '../rollouts/rollouts.js';
import type { DecisionView, IntentView } from '../rollouts/types.js';
import type { RouteMaterial, RouteWriteStore } from './route-writes.js';

export interface SetWeights {
  /** Backend name -> percent, one decimal, summing to 100; or `weights`. */
  readonly shares?: Readonly<Record<string, number>>;
  readonly weights?: Weights;
  /** The weights the caller believes are live: 412 when they aren't. */
  readonly expected?: Weights;
  readonly reason: string;
  /** Passes over the health gate, in this person's name. */
  readonly forced?: boolean;
  /** Default 1. */
  readonly minHealthyTargets?: number;
}

export interface SetWeightsPreview {
  readonly dryRun: true;
  readonly before: Weights;
  readonly after: Weights;
}

/** Rules that are judged when a person asks; what depends on health is asked right before the send, by a fresh look. */
const judgedAtOnce: readonly RuleFinding['rule'][] = [
  'unsafeWeights',
  'ownership',
  'acknowledgement',
  'foreign',
  'retired',
  'mask',
  'freeze',
  'cordoned',
];

/** Moves of one route outside a rollout: a person's one-off weights, attaching and detaching. The same road as every other write. */
export class OneOffWeights extends WeightWriter {
  constructor(private readonly store: RouteWriteStore) {
    super();
  }

  async set(
    caller: Caller,
    routeId: string,
    input: SetWeights,
    options: { readonly dryRun: true },
  ): Promise<SetWeightsPreview>;
  async set(
    caller: Caller,
    routeId: string,
    input: SetWeights,
    options?: { readonly dryRun?: false },
  ): Promise<{ decision: DecisionView; intent: IntentView }>;
  async set(
    caller: Caller,
    routeId: string,
    input: SetWeights,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<SetWeightsPreview | { decision: DecisionView; intent: IntentView }> {
    const route = await this.route(caller, routeId);
    const live = seenNow(route);
    const before = live.action.weights;
    if (input.expected && !sameWeights(input.expected, before)) {
      throw new PreconditionFailed('Live weights are not what `expected` says; read the route and decide again.', {
        expected: input.expected,
        live: before,
      });
    }
    const goal = wantedGoal(route, input);
    const after = resolved(goal, before, route);
    refuse(route, live, after, input, caller);
    if (options.dryRun) return { dryRun: true, before, after };
    return this.store.write({
      projectId: route.projectId,
      routeId: route.id,
      actor: caller.actor,
      ledger: line(caller, 'oneOffWeights', 'OneOffWeights', input.reason),
      move: {
        purpose: 'oneOff',
        stepIndex: null,
        minHealthyTargets: input.minHealthyTargets ?? 1,
        forced: input.forced ? { by: actorText(caller.actor), reason: input.reason } : null,
        proposals: [{ routeId: route.id, goal, before, after, raisedClusterIds: raisedClusters(route, before, after) }],
      },
      guards: route.guards,
    });
  }

  /** Adds target groups to the action at weight 0, so that somebody health-checks them before they get a share (rule 10). */
  requestAttach(caller: Caller, input: Attachment): Promise<{ decisionId: string }> {
    return this.attachment(caller, 'attach', 'AttachAtZero', input);
  }

  /** Takes target groups that have weight 0 out of the action. */
  requestDetach(caller: Caller, input: Attachment): Promise<{ decisionId: string }> {
    return this.attachment(caller, 'detach', 'DetachAtZero', input);
  }

  private async attachment(
    caller: Caller,
    kind: 'attach' | 'detach',
    reason: LedgerReason,
    input: Attachment,
  ): Promise<{ decisionId: string }> {
    const route = await this.route(caller, input.routeId);
    const before = seenNow(route).action.weights;
    const goal: Goal = { kind, targetGroupArns: input.targetGroupArns };
    const after = resolved(goal, before, route);
    const purpose: IntentPurpose = kind;
    const { decision } = await this.store.write({
      projectId: route.projectId,
      routeId: route.id,
      actor: caller.actor,
      ledger: line(caller, kind, reason, input.reason),
      move: {
        purpose,
        stepIndex: null,
        minHealthyTargets: 0,
        forced: null,
        proposals: [{ routeId: route.id, goal, before, after, raisedClusterIds: [] }],
      },
      guards: route.guards,
    });
    return { decisionId: decision.id };
  }

  private async route(caller: Caller, routeId: string): Promise<RouteMaterial> {
    const route = await this.store.route(routeId);
    if (!route || !sees(caller, route.projectId)) throw new NotFound('route', routeId);
    if (route.rolloutId)
      throw new Conflict('RouteIsBusy', `Rollout ${route.rolloutId} moves this route. Abort it or wait for its end.`, {
        rolloutId: route.rolloutId,
      });
    return route;
  }
}

/** The action as its gateway last saw it; nobody writes over what wasn't seen. */
function seenNow(route: RouteMaterial): LiveRoute {
  const seen = known(route.seen ?? undefined, route.now, null);
  if (seen.kind === 'fresh') return seen.value;
  throw new Conflict(
    'ObservationIsStale',
    `The live weights of route ${route.name} aren't known: its action ${seen.why}. It is read as soon as its account's read budget allows; send it again in a moment, or check the account.`,
  );
}

function resolved(goal: Goal, before: Weights, route: RouteMaterial): Weights {
  const answer = resolve(goal, before, route);
  if (answer.ok) return answer.weights;
  throw new Conflict(answer.reason, answer.message, { live: before });
}

/** Everything about the route itself that speaks against it, with the way out. */
function refuse(route: RouteMaterial, live: LiveRoute, after: Weights, input: SetWeights, caller: Caller): void {
  const facts: PolicyFacts = {
    now: route.now,
    health: {},
    clusters: Object.fromEntries(
      route.backends.map(({ clusterId, clusterName: name, cordoned, retired }) => [
        clusterId,
        { name, cordoned, retired },
      ]),
    ),
    mask: new Set(),
    freeze: null,
  };
  const change = {
    routeId: route.id,
    routeName: route.name,
    before: live.action.weights,
    after,
    backends: route.backends,
    pinned: route.pinned,
    ownership: live.ownership,
    acknowledged: route.acknowledged,
    minHealthyTargets: input.minHealthyTargets ?? 1,
    forced: input.forced ? { by: actorText(caller.actor), reason: input.reason } : null,
  };
  const broken = mayMove(change, facts, 'person').find(
    (finding) => finding.effect === 'refuse' && judgedAtOnce.includes(finding.rule),
  );
  if (broken) throw new Conflict(broken.reason, broken.message, { routeId: route.id, backends: broken.subjects });
}

function raisedClusters(route: RouteMaterial, before: Weights, after: Weights): readonly string[] {
  const raised = route.backends.filter((backend) => raisesShare(before, after, backend.targetGroupArn));
  return [...new Set(raised.map((backend) => backend.clusterId))];
}

function line(caller: Caller, kind: string, reason: LedgerReason, message: string): LedgerLine {
  return { kind, reason, message, actor: actorText(caller.actor), stepIndex: null, facts: {}, decideVersion: null };
}

function wantedGoal(route: RouteMaterial, input: SetWeights): Goal {
  if (input.weights && input.shares)
    throw new InvalidInput([{ field: 'weights', message: 'give either weights or shares, not both' }]);
  if (input.weights) {
    const unsafe = unsafeWeights(input.weights);
    if (unsafe) throw new InvalidInput([{ field: 'weights', message: unsafe }]);
    return { kind: 'weights', weights: sortWeights(input.weights) };
  }
  if (!input.shares)
    throw new InvalidInput([{ field: 'shares', message: 'give shares by backend name, or weights by target group' }]);
  const unknown = Object.keys(input.shares).filter((name) => !route.backends.some((backend) => backend.name === name));
  if (unknown.length > 0) {
    throw new InvalidInput(
      unknown.map((name) => ({
        field: `shares.${name}`,
        message: `is not a backend of this route; it has ${route.backends.map((one) => one.name).join(', ') || 'none'}`,
      })),
    );
  }
  const permille = new Map(Object.entries(input.shares).map(([name, percent]) => [name, Math.round(percent * 10)]));
  const parts = route.backends.map(({ name, targetGroupArn }) => ({
    targetGroupArn,
    permille: permille.get(name) ?? 0,
  }));
  const issues = shareIssues(parts, []);
  if (issues.length > 0) throw new InvalidInput(issues.map(({ message }) => ({ field: 'shares', message })));
  return { kind: 'shares', shares: Object.fromEntries(permille) };
}
