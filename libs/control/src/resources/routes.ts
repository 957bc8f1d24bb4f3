import {
  actorText,
  Conflict,
  InvalidInput,
  sortWeights,
  type LiveRoute,
  type Ownership,
  type OtherAction,
  type Stickiness,
  type TargetHealth,
  type Weights,
} from '@sluice/domain';
import type { Caller, Clock, Ids } from '../context.js';
import type { LoadBalancer } from '../ports/load-balancer.js';
import type { AccountRecord, ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import type { ProveAccount } from '../gateways/prove-account.js';
import type { AccountAccess } from './account-access.js';
import { answered } from './aws-refusals.js';
import { Checks, knownId } from './checks.js';
import { liveView } from './live-view.js';
import type { LookOptions, RouteLooks } from './route-looks.js';
import type { MutationOptions } from './options.js';
import { healthOf } from './target-health.js';
import { expectVersion, keepProject, own, projectFilter } from './tenancy.js';
import type { Attributed, Backend, Page, PageRequest, Route } from './types.js';

export interface RegisterRoute {
  readonly projectId: string;
  readonly accountId: string;
  readonly name: string;
  /** A listener's (its default action) or a rule's. */
  readonly arn: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Needed when CloudFormation, CDK or Terraform made it: its next apply may revert us. */
  readonly acknowledgeApplyTimeTool?: { readonly reason: string };
  /** Foreign target groups in the action whose share is kept. */
  readonly pinned?: readonly string[];
}

/** Only what is present changes. */
export interface UpdateRoute {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Backend name -> permille, summing to 1000; null unsets them. */
  readonly steadyShares?: Readonly<Record<string, number>> | null;
  readonly pinned?: readonly string[];
  readonly acknowledgeApplyTimeTool?: { readonly reason: string };
}

export interface LiveShare {
  readonly targetGroupArn: string;
  readonly weight: number;
  /** 0–1000, largest remainder over the action; sums to 1000. */
  readonly permille: number;
  readonly backend: { readonly id: string; readonly name: string; readonly clusterId: string } | null;
  readonly pinned: boolean;
}

export interface RouteLive {
  readonly routeId: string;
  readonly arn: string;
  /** When it was read. */
  readonly at: string;
  readonly ageMs: number;
  readonly weights: Weights;
  readonly shares: readonly LiveShare[];
  /** Target groups in the action that are neither a backend's nor pinned: they block rollouts. */
  readonly foreign: readonly string[];
  readonly expected: Weights;
  readonly drifted: boolean;
  readonly ownership: Ownership;
  readonly stickiness: Stickiness;
  readonly otherActions: readonly OtherAction[];
}

export interface BackendHealth {
  readonly backendId: string;
  readonly name: string;
  readonly clusterId: string;
  readonly targetGroupArn: string;
  /** null when it could not be read, or nobody looked: see `failure`. */
  readonly health: TargetHealth | null;
  /** When the look began; null = nobody has looked. */
  readonly seenAt: string | null;
  readonly failure: { readonly code: string; readonly message: string; readonly transient: boolean } | null;
  readonly advice: readonly string[];
}

export interface RouteTargetHealth {
  readonly routeId: string;
  readonly at: string;
  readonly backends: readonly BackendHealth[];
}

export interface RouteFilter {
  readonly projectId?: string;
  readonly accountId?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Forward actions. Each belongs to one project only, whoever asks. */
export class Routes {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly proof: ProveAccount,
    private readonly looks: RouteLooks,
  ) {}

  async register(caller: Caller, input: RegisterRoute, options: MutationOptions = {}): Promise<Route> {
    const checks = new Checks();
    checks.name('name', input.name);
    checks.line(
      'arn',
      input.arn,
      512,
      /^arn:[a-z0-9-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener(-rule)?\/\S+$/,
      "must be a listener's or a rule's ARN",
    );
    this.#check(checks, input);
    checks.done();
    const account = await this.#account(caller, input);
    if (account.gatewayId === null) await answered(this.proof.prove(account.id), 'accountId');
    const live = await answered(this.loadBalancer.readRoute(this.accountAccess.of(account), input.arn), 'arn');
    const acknowledgement = input.acknowledgeApplyTimeTool
      ? this.#attributed(caller, input.acknowledgeApplyTimeTool.reason)
      : null;
    refuseOwner(live.ownership, acknowledgement);
    refusePins(input.pinned ?? [], live, []);
    const registered = await this.store.transaction(
      caller.actor,
      async (tx) => {
        await keepProject(tx, caller, input.projectId);
        own(caller, 'account', input.accountId, await tx.accounts.lock(input.accountId, 'keep'));
        return tx.routes.insert({
          id: this.ids.next('rou'),
          projectId: input.projectId,
          accountId: input.accountId,
          name: input.name,
          arn: input.arn,
          loadBalancerArn: live.loadBalancerArn,
          listenerArn: live.listenerArn,
          protocol: live.protocol,
          port: live.port,
          isDefault: live.isDefault,
          labels: input.labels ?? {},
          steadyShares: null,
          pinned: input.pinned ?? [],
          ownership: live.ownership,
          acknowledgement,
          expected: sortWeights(live.action.weights),
          drift: null,
          createdBy: actorText(caller.actor),
        });
      },
      options,
    );
    if (!options.dryRun) await this.looks.registered(registered, live);
    return registered;
  }

  async list(caller: Caller, filter: RouteFilter, page: PageRequest): Promise<Page<Route>> {
    const checks = new Checks();
    if (filter.labels) checks.labels('labels', filter.labels);
    checks.done();
    return this.store.read.routes.page(
      {
        ...projectFilter(caller, filter.projectId),
        ...(filter.accountId !== undefined && { accountId: knownId('account', filter.accountId) }),
        ...(filter.labels && { labels: filter.labels }),
      },
      page,
    );
  }

  async get(caller: Caller, id: string): Promise<Route> {
    return own(caller, 'route', id, await this.store.read.routes.find(knownId('route', id)));
  }

  async update(caller: Caller, id: string, patch: UpdateRoute, options: MutationOptions = {}): Promise<Route> {
    const before = await this.get(caller, id);
    const checks = new Checks();
    if (patch.name !== undefined) checks.name('name', patch.name);
    this.#check(checks, patch);
    checks.done();
    const live = patch.pinned?.length ? await this.#read(before) : null;
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        const route = own(caller, 'route', id, await tx.routes.lock(id, 'change'));
        expectVersion(route, options);
        const backends = await tx.backends.all({ routeId: id });
        if (patch.pinned !== undefined) await this.#refuseWhileMoved(tx, route);
        if (live) refusePins(patch.pinned ?? [], live, backends);
        if (patch.steadyShares) refuseUnknownShares(patch.steadyShares, backends);
        return tx.routes.update(id, {
          ...(patch.name !== undefined && { name: patch.name }),
          ...(patch.labels !== undefined && { labels: patch.labels }),
          ...(patch.steadyShares !== undefined && { steadyShares: patch.steadyShares }),
          ...(patch.pinned !== undefined && { pinned: patch.pinned }),
          ...(patch.acknowledgeApplyTimeTool !== undefined && {
            acknowledgement: this.#attributed(caller, patch.acknowledgeApplyTimeTool.reason),
          }),
        });
      },
      options,
    );
  }

  /** Lets go of the route: nothing changes in AWS. Conflict while it has backends or is being moved. */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<void> {
    knownId('route', id);
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        const route = own(caller, 'route', id, await tx.routes.lock(id, 'change'));
        expectVersion(route, options);
        await this.#refuseWhileMoved(tx, route);
        const backends = await tx.backends.all({ routeId: id });
        if (backends.length > 0)
          throw new Conflict(
            'RouteInUse',
            `the route still has the backends ${backends.map((one) => one.name).join(', ')}; remove these first`,
            { backends: backends.map((one) => one.id) },
          );
        await tx.routes.remove(id);
      },
      options,
    );
  }

  /** The forward action as its gateway last saw it, beside what our ledger expects. */
  async live(caller: Caller, id: string, options: LookOptions = {}): Promise<RouteLive> {
    const route = await this.get(caller, id);
    const { live, at } = await answered(this.looks.live(route, options), 'arn');
    const backends = await this.store.read.backends.all({ routeId: id });
    return liveView(route, live, backends, { readAt: at, now: this.clock.now() });
  }

  /** Each backend's targets by state as last seen, why they are not healthy, and what to do. */
  async targetHealth(caller: Caller, id: string, options: LookOptions = {}): Promise<RouteTargetHealth> {
    const route = await this.get(caller, id);
    const backends = await this.store.read.backends.all({ routeId: id });
    const seen = await this.looks.health(route, backends, options);
    return { routeId: id, at: new Date(this.clock.now()).toISOString(), backends: healthOf(backends, seen) };
  }

  async #read(route: Route): Promise<LiveRoute> {
    return answered(this.loadBalancer.readRoute(await this.accountAccess.access(route.accountId), route.arn), 'arn');
  }

  async #account(caller: Caller, input: RegisterRoute): Promise<AccountRecord> {
    knownId('project', input.projectId);
    const found = await this.store.read.accounts.find(knownId('account', input.accountId));
    const account = own(
      { ...caller, projectId: caller.projectId ?? input.projectId },
      'account',
      input.accountId,
      found,
    );
    own(caller, 'project', input.projectId, { projectId: input.projectId });
    const [, , , region, number] = input.arn.split(':');
    if (region !== account.region || number !== account.awsAccountId) {
      throw new InvalidInput([
        {
          field: 'arn',
          message: `is in account ${number}, Region ${region}; account ${account.name} is ${account.awsAccountId}, ${account.region}`,
        },
      ]);
    }
    return account;
  }

  async #refuseWhileMoved(tx: ResourceTransaction, route: Route): Promise<void> {
    const rolloutId = await tx.engine.activeRollout(route.id);
    if (rolloutId)
      throw new Conflict('RouteIsBusy', `rollout ${rolloutId} moves route ${route.name}; let it end, or abort it`, {
        rolloutId,
      });
    if (await tx.engine.hasOpenIntent(route.id))
      throw new Conflict('RouteIsBusy', `a write to route ${route.name} is outstanding; try again in a moment`);
  }

  #check(
    checks: Checks,
    input: Pick<UpdateRoute, 'labels' | 'pinned' | 'steadyShares' | 'acknowledgeApplyTimeTool'>,
  ): void {
    if (input.labels !== undefined) checks.labels('labels', input.labels);
    input.pinned?.forEach((arn, i) => checks.arn(`pinned.${i}`, arn));
    if (input.pinned && (input.pinned.length > 5 || new Set(input.pinned).size !== input.pinned.length))
      checks.fail('pinned', 'must be at most 5 different target groups');
    if (input.acknowledgeApplyTimeTool)
      checks.line('acknowledgeApplyTimeTool.reason', input.acknowledgeApplyTimeTool.reason, 500);
    if (!input.steadyShares) return;
    const shares = Object.entries(input.steadyShares);
    shares.forEach(([name, permille]) => checks.number(`steadyShares.${name}`, permille, 0, 1000));
    const sum = shares.reduce((total, [, permille]) => total + permille, 0);
    if (sum !== 1000) checks.fail('steadyShares', `must sum to 1000 tenths of a percent, they sum to ${sum}`);
  }

  #attributed(caller: Caller, reason: string): Attributed {
    return { by: actorText(caller.actor), at: new Date(this.clock.now()).toISOString(), reason };
  }
}

/** Rule 9: what a reconciler owns is not touched; what an apply-time tool made may be, once somebody says that they know. */
function refuseOwner(ownership: Ownership, acknowledgement: Attributed | null): void {
  if (ownership.kind === 'continuous') {
    throw new Conflict(
      'RouteOwnedByReconciler',
      `${ownership.owner} owns this route (${ownership.evidence}) and would revert us. ${ownership.advice}`,
      { ownership },
    );
  }
  if (ownership.kind === 'applyTime' && !acknowledgement) {
    throw new Conflict(
      'AcknowledgementNeeded',
      `${ownership.owner} made this route (${ownership.evidence}); its next apply may revert us. ${ownership.advice} Then send acknowledgeApplyTimeTool with a reason.`,
      { ownership },
    );
  }
}

function refusePins(pinned: readonly string[], live: LiveRoute, backends: readonly Backend[]): void {
  const issues = pinned.flatMap((arn, i) => {
    if (backends.some((one) => one.targetGroupArn === arn))
      return [
        { field: `pinned.${i}`, message: 'is a backend of this route; only a foreign target group can be pinned' },
      ];
    if (live.action.weights.some((one) => one.targetGroupArn === arn)) return [];
    return [
      {
        field: `pinned.${i}`,
        message: 'is not in the live forward action; only a target group that is there can be pinned',
      },
    ];
  });
  if (issues.length > 0) throw new InvalidInput(issues);
}

function refuseUnknownShares(shares: Readonly<Record<string, number>>, backends: readonly Backend[]): void {
  const known = backends.map((one) => one.name);
  const unknown = Object.keys(shares).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new InvalidInput(
    unknown.map((name) => ({
      field: `steadyShares.${name}`,
      message: `is not a backend of this route; it has ${known.join(', ') || 'none'}`,
    })),
  );
}
