import type { Weights } from '@sluice/domain';
import {
  Conflict,
  InvalidInput,
  NotFound,
  PreconditionFailed,
  sameWeights,
  shareOf,
  sortWeights,
  unsafeWeights,
  weightsFromShares,
} from '@sluice/domain';
import type { Caller } from '../context.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import { WeightWriter } from '../resources/weight-writer.js';
import { sees } from '../rollouts/rollouts.js';
import type { DecisionView, IntentView } from '../rollouts/types.js';
import type { RouteMaterial, RouteWrite, RouteWriteStore } from './route-writes.js';

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

interface Attachment {
  readonly routeId: string;
  readonly targetGroupArns: readonly string[];
  readonly reason: string;
}

export interface SetWeightsPreview {
  readonly dryRun: true;
  readonly before: Weights;
  readonly after: Weights;
}

/** Writes to one route outside a rollout: a person's one-off weights, and attachments at weight 0. */
export class OneOffWeights extends WeightWriter {
  constructor(
    private readonly store: RouteWriteStore,
    private readonly loadBalancer: LoadBalancer,
    private readonly access: (accountId: string) => Promise<AwsAccess>,
  ) {
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
    const live = await this.loadBalancer.readRoute(await this.access(route.accountId), route.arn);
    const before = live.action.weights;
    if (live.ownership.kind === 'continuous') {
      throw new Conflict(
        'RouteOwnedByReconciler',
        `${live.ownership.owner} owns this route (${live.ownership.evidence}). ${live.ownership.advice}`,
      );
    }
    if (input.expected && !sameWeights(input.expected, before)) {
      throw new PreconditionFailed('Live weights are not what `expected` says; read the route and decide again.', {
        expected: input.expected,
        live: before,
      });
    }
    const after = wantedWeights(route, before, input);
    refuseForeign(route, before, after);
    refuseClusters(route, before, after);
    if (options.dryRun) return { dryRun: true, before, after };
    return this.store.write({
      ...common(route, caller),
      kind: 'oneOffWeights',
      reason: 'OneOffWeights',
      message: input.reason,
      purpose: 'oneOff',
      before,
      after,
      minHealthyTargets: input.minHealthyTargets ?? 1,
      forced: input.forced ? { by: caller.actor, reason: input.reason } : null,
    });
  }

  /** Adds target groups to the action at weight 0, so that somebody health-checks them before they get a share (rule 10). */
  requestAttach(caller: Caller, input: Attachment): Promise<{ decisionId: string }> {
    return this.attachment(caller, 'attach', input, (before) => {
      const missing = input.targetGroupArns.filter((arn) => !before.some((one) => one.targetGroupArn === arn));
      // a target group alone has all requests whatever its weight, even 0: give it one that says so
      const alone = before.length === 1 ? before.map((one) => ({ ...one, weight: 100 })) : before;
      return [...alone, ...missing.map((targetGroupArn) => ({ targetGroupArn, weight: 0 }))];
    });
  }

  /** Takes target groups that have weight 0 out of the action. */
  requestDetach(caller: Caller, input: Attachment): Promise<{ decisionId: string }> {
    return this.attachment(caller, 'detach', input, (before) => {
      const serving = before.filter((one) => input.targetGroupArns.includes(one.targetGroupArn) && one.weight > 0);
      if (serving.length > 0) {
        throw new Conflict(
          'StillServing',
          `Target groups that still have weight can't be taken out: ${serving.map((one) => one.targetGroupArn).join(', ')}. Move their share first.`,
        );
      }
      return before.filter((one) => !input.targetGroupArns.includes(one.targetGroupArn));
    });
  }

  private async attachment(
    caller: Caller,
    kind: 'attach' | 'detach',
    input: Attachment,
    change: (before: Weights) => Weights,
  ): Promise<{ decisionId: string }> {
    const route = await this.route(caller, input.routeId);
    const live = await this.loadBalancer.readRoute(await this.access(route.accountId), route.arn);
    const before = live.action.weights;
    const after = sortWeights(change(before));
    const unsafe = unsafeWeights(after);
    if (unsafe) throw new Conflict('UnsafeWeights', `The target groups can't be ${kind}ed: ${unsafe}.`);
    const reason = kind === 'attach' ? 'AttachAtZero' : 'DetachAtZero';
    const { decision } = await this.store.write({
      ...common(route, caller),
      kind,
      reason,
      message: input.reason,
      purpose: 'attach',
      before,
      after,
      minHealthyTargets: 0,
      forced: null,
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

function common(route: RouteMaterial, caller: Caller): Pick<RouteWrite, 'projectId' | 'routeId' | 'actor'> {
  return { projectId: route.projectId, routeId: route.id, actor: caller.actor };
}

function wantedWeights(route: RouteMaterial, before: Weights, input: SetWeights): Weights {
  if (input.weights && input.shares)
    throw new InvalidInput([{ field: 'weights', message: 'give either weights or shares, not both' }]);
  if (input.weights) {
    const unsafe = unsafeWeights(input.weights);
    if (unsafe) throw new InvalidInput([{ field: 'weights', message: unsafe }]);
    return sortWeights(input.weights);
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
  const shares = input.shares;
  const parts = route.backends
    .filter(
      (backend) =>
        shares[backend.name] !== undefined || before.some((one) => one.targetGroupArn === backend.targetGroupArn),
    )
    .map((backend) => ({
      targetGroupArn: backend.targetGroupArn,
      permille: Math.round((shares[backend.name] ?? 0) * 10),
    }));
  const pinned = route.pinned.map((targetGroupArn) => ({
    targetGroupArn,
    sharePermille: Math.round(shareOf(before, targetGroupArn)),
  }));
  return weightsFromShares(parts, pinned);
}

function refuseForeign(route: RouteMaterial, before: Weights, after: Weights): void {
  const known = new Set([...route.pinned, ...route.backends.map((backend) => backend.targetGroupArn)]);
  const foreign = [...before, ...after].map((one) => one.targetGroupArn).filter((arn) => !known.has(arn));
  if (foreign.length > 0) {
    throw new Conflict(
      'ForeignTargetGroup',
      `Target groups that are neither backends of this route nor pinned are in the action: ${[...new Set(foreign)].join(', ')}. Pin them on the route, or make them backends.`,
      { foreign },
    );
  }
}

function refuseClusters(route: RouteMaterial, before: Weights, after: Weights): void {
  const raised = route.backends.filter(
    (backend) => shareOf(after, backend.targetGroupArn) > shareOf(before, backend.targetGroupArn),
  );
  const cordoned = raised.find((backend) => backend.cordoned || backend.retired);
  if (cordoned) {
    throw new Conflict(
      cordoned.retired ? 'ClusterIsRetired' : 'ClusterIsCordoned',
      `Cluster ${cordoned.clusterName} is ${cordoned.retired ? 'retired' : 'cordoned'}: the share of ${cordoned.name} can't be raised.`,
    );
  }
}
