import { z } from 'zod';
import {
  Account,
  AccountCheck,
  AccountGateway,
  AccountPage,
  type CreateAccount,
  type UpdateAccount,
} from '../accounts.js';
import {
  AppliedBinding,
  Backend,
  BackendPage,
  Binding,
  BindingPage,
  BindingPreview,
  CreatedBackend,
  RemovedBinding,
  type CreateBackend,
  type CreateBinding,
} from '../backends.js';
import {
  Cluster,
  ClusterCheckReply,
  ClusterPage,
  type ClusterConnection,
  type CreateCluster,
  type UpdateCluster,
} from '../clusters.js';
import { Decision, DecisionPage, WeightsPreview, WeightsSet } from '../decisions.js';
import { Event } from '../events.js';
import {
  PlanPage,
  PlanVersion,
  PlanVersionPage,
  PlanWithVersion,
  type CreatePlan,
  type CreatePlanVersion,
} from '../plans.js';
import { Project, ProjectPage, type CreateProject } from '../projects.js';
import {
  CleanUpReport,
  type CleanUp,
  ProvisionedResource,
  ProvisionedResourcePage,
  type CreateListener,
  type CreateLoadBalancer,
  type CreateRule,
  type CreateTargetGroup,
} from '../provisioning.js';
import {
  Rollout,
  RolloutPage,
  RolloutPreview,
  RolloutProgress,
  RolloutTimeline,
  type CreateRollout,
  type RolloutState,
  type RolloutVerb,
} from '../rollouts.js';
import {
  Route,
  RouteLive,
  RoutePage,
  RouteTargetHealth,
  type CreateRoute,
  type SetWeights,
  type UpdateRoute,
} from '../routes.js';
import { CreatedToken, Token, TokenPage, WhoAmI, type CreateToken } from '../tokens.js';
import { followEvents, type EventsOptions } from './event-stream.js';
import { Http, type ClientConfig, type Query, type ReadOptions, type WriteOptions } from './http.js';

export interface PageOptions extends ReadOptions {
  /** 1–200, default 50. */
  readonly limit?: number;
  readonly cursor?: string;
}
type InProject = { readonly projectId?: string };

const nothing = z.undefined();

/**
 * The API, typed. Replies are checked against the schemas; an error reply is a `SluiceProblem`, anything else that goes
 * wrong a `SluiceUnreachable`. Nothing is retried: give an `idempotencyKey` and call again.
 */
export class SluiceClient {
  readonly #http: Http;
  constructor(config: ClientConfig) {
    this.#http = new Http(config);
  }

  readonly projects = {
    create: (body: CreateProject, options?: WriteOptions) => this.#post(Project, '/v1/projects', body, options),
    list: (page?: PageOptions) => this.#list(ProjectPage, '/v1/projects', page),
    get: (id: string, options?: ReadOptions) => this.#get(Project, `/v1/projects/${seg(id)}`, {}, options),
    remove: (id: string, options?: WriteOptions) => this.#delete(nothing, `/v1/projects/${seg(id)}`, options),
    /** Without `dryRun`, `body` needs the digest of a dry run. */
    cleanUp: (id: string, body?: CleanUp, options?: WriteOptions) =>
      this.#post(CleanUpReport, `/v1/projects/${seg(id)}:clean-up`, body, options),
  };

  readonly accounts = {
    create: (body: CreateAccount, options?: WriteOptions) => this.#post(Account, '/v1/accounts', body, options),
    list: (filter?: InProject, page?: PageOptions) => this.#list(AccountPage, '/v1/accounts', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Account, `/v1/accounts/${seg(id)}`, {}, options),
    gateway: (id: string, options?: ReadOptions) =>
      this.#get(AccountGateway, `/v1/accounts/${seg(id)}/gateway`, {}, options),
    update: (id: string, body: UpdateAccount, options?: WriteOptions) =>
      this.#patch(Account, `/v1/accounts/${seg(id)}`, body, options),
    remove: (id: string, options?: WriteOptions) => this.#delete(nothing, `/v1/accounts/${seg(id)}`, options),
    check: (id: string, options?: WriteOptions) =>
      this.#post(AccountCheck, `/v1/accounts/${seg(id)}:check`, undefined, options),
  };

  readonly clusters = {
    create: (body: CreateCluster, options?: WriteOptions) => this.#post(Cluster, '/v1/clusters', body, options),
    list: (filter?: InProject & { readonly accountId?: string; readonly labels?: string }, page?: PageOptions) =>
      this.#list(ClusterPage, '/v1/clusters', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Cluster, `/v1/clusters/${seg(id)}`, {}, options),
    update: (id: string, body: UpdateCluster, options?: WriteOptions) =>
      this.#patch(Cluster, `/v1/clusters/${seg(id)}`, body, options),
    /** Replaces address, CA and credentials together. */
    connect: (id: string, body: ClusterConnection, options?: WriteOptions) =>
      this.#http.call(Cluster, {
        method: 'PUT',
        path: `/v1/clusters/${seg(id)}/connection`,
        body,
        ...(options && { options }),
      }),
    remove: (id: string, options?: WriteOptions) => this.#delete(nothing, `/v1/clusters/${seg(id)}`, options),
    check: (id: string, options?: WriteOptions) =>
      this.#post(ClusterCheckReply, `/v1/clusters/${seg(id)}:check`, undefined, options),
    cordon: (id: string, reason: string, options?: WriteOptions) =>
      this.#post(Cluster, `/v1/clusters/${seg(id)}:cordon`, { reason }, options),
    uncordon: (id: string, options?: WriteOptions) =>
      this.#post(Cluster, `/v1/clusters/${seg(id)}:uncordon`, undefined, options),
    retire: (id: string, reason: string, options?: WriteOptions) =>
      this.#post(Cluster, `/v1/clusters/${seg(id)}:retire`, { reason }, options),
  };

  readonly routes = {
    create: (body: CreateRoute, options?: WriteOptions) => this.#post(Route, '/v1/routes', body, options),
    list: (filter?: InProject & { readonly accountId?: string; readonly labels?: string }, page?: PageOptions) =>
      this.#list(RoutePage, '/v1/routes', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Route, `/v1/routes/${seg(id)}`, {}, options),
    update: (id: string, body: UpdateRoute, options?: WriteOptions) =>
      this.#patch(Route, `/v1/routes/${seg(id)}`, body, options),
    remove: (id: string, options?: WriteOptions) => this.#delete(nothing, `/v1/routes/${seg(id)}`, options),
    /** The newest look with its age; `fresh` asks AWS now. */
    live: (id: string, look: { readonly fresh?: boolean } = {}, options?: ReadOptions) =>
      this.#get(RouteLive, `/v1/routes/${seg(id)}/live`, { ...(look.fresh && { fresh: 'true' }) }, options),
    targetHealth: (id: string, look: { readonly fresh?: boolean } = {}, options?: ReadOptions) =>
      this.#get(
        RouteTargetHealth,
        `/v1/routes/${seg(id)}/target-health`,
        { ...(look.fresh && { fresh: 'true' }) },
        options,
      ),
    setWeights: (id: string, body: SetWeights, options?: Omit<WriteOptions, 'dryRun'>) =>
      this.#http.call(WeightsSet, {
        method: 'PUT',
        path: `/v1/routes/${seg(id)}/weights`,
        body,
        ...(options && { options }),
      }),
    previewWeights: (id: string, body: SetWeights, options?: ReadOptions) =>
      this.#http.call(WeightsPreview, {
        method: 'PUT',
        path: `/v1/routes/${seg(id)}/weights`,
        body,
        options: { ...options, dryRun: true },
      }),
  };

  readonly backends = {
    create: (body: CreateBackend, options?: WriteOptions) => this.#post(CreatedBackend, '/v1/backends', body, options),
    list: (filter?: InProject & { readonly routeId?: string; readonly clusterId?: string }, page?: PageOptions) =>
      this.#list(BackendPage, '/v1/backends', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Backend, `/v1/backends/${seg(id)}`, {}, options),
    /** `forget`: writes nothing; a target group that is still in the action is pinned there. */
    remove: (id: string, options?: WriteOptions & { readonly forget?: boolean }) =>
      this.#delete(nothing, `/v1/backends/${seg(id)}`, options, options?.forget ? { forget: 'true' } : {}),
  };

  readonly bindings = {
    create: (body: CreateBinding, options?: Omit<WriteOptions, 'dryRun'>) =>
      this.#post(AppliedBinding, '/v1/bindings', body, options),
    preview: (body: CreateBinding, options?: ReadOptions) =>
      this.#post(BindingPreview, '/v1/bindings', body, { ...options, dryRun: true }),
    list: (
      filter?: InProject & { readonly routeId?: string; readonly clusterId?: string; readonly backendId?: string },
      page?: PageOptions,
    ) => this.#list(BindingPage, '/v1/bindings', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Binding, `/v1/bindings/${seg(id)}`, {}, options),
    refresh: (id: string, options?: WriteOptions) =>
      this.#post(Binding, `/v1/bindings/${seg(id)}:refresh`, undefined, options),
    remove: (id: string, options?: WriteOptions) => this.#delete(RemovedBinding, `/v1/bindings/${seg(id)}`, options),
  };

  readonly provisioning = {
    createLoadBalancer: (body: CreateLoadBalancer, options?: WriteOptions) =>
      this.#post(ProvisionedResource, '/v1/load-balancers', body, options),
    createTargetGroup: (body: CreateTargetGroup, options?: WriteOptions) =>
      this.#post(ProvisionedResource, '/v1/target-groups', body, options),
    createListener: (body: CreateListener, options?: WriteOptions) =>
      this.#post(ProvisionedResource, '/v1/listeners', body, options),
    createRule: (body: CreateRule, options?: WriteOptions) =>
      this.#post(ProvisionedResource, '/v1/rules', body, options),
    list: (filter?: InProject, page?: PageOptions) =>
      this.#list(ProvisionedResourcePage, '/v1/provisioned-resources', page, filter),
  };

  readonly plans = {
    create: (body: CreatePlan, options?: WriteOptions) => this.#post(PlanWithVersion, '/v1/plans', body, options),
    list: (filter?: InProject, page?: PageOptions) => this.#list(PlanPage, '/v1/plans', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(PlanWithVersion, `/v1/plans/${seg(id)}`, {}, options),
    remove: (id: string, options?: WriteOptions) => this.#delete(nothing, `/v1/plans/${seg(id)}`, options),
    createVersion: (id: string, body: CreatePlanVersion, options?: WriteOptions) =>
      this.#post(PlanWithVersion, `/v1/plans/${seg(id)}/versions`, body, options),
    listVersions: (id: string, options?: ReadOptions) =>
      this.#get(PlanVersionPage, `/v1/plans/${seg(id)}/versions`, {}, options),
    getVersion: (id: string, version: number, options?: ReadOptions) =>
      this.#get(PlanVersion, `/v1/plans/${seg(id)}/versions/${version}`, {}, options),
  };

  readonly rollouts = {
    create: (body: CreateRollout, options?: Omit<WriteOptions, 'dryRun'>) =>
      this.#post(Rollout, '/v1/rollouts', body, options),
    preview: (body: CreateRollout, options?: ReadOptions) =>
      this.#post(RolloutPreview, '/v1/rollouts', body, { ...options, dryRun: true }),
    list: (filter?: InProject & { readonly state?: RolloutState }, page?: PageOptions) =>
      this.#list(RolloutPage, '/v1/rollouts', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Rollout, `/v1/rollouts/${seg(id)}`, {}, options),
    /** Of one route, or of all of them, which is much where they are many. */
    timeline: (id: string, of: { readonly routeId?: string } = {}, options?: ReadOptions) =>
      this.#get(RolloutTimeline, `/v1/rollouts/${seg(id)}/timeline`, of, options),
    progress: (id: string, options?: ReadOptions) =>
      this.#get(RolloutProgress, `/v1/rollouts/${seg(id)}/progress`, {}, options),
    /** `reason` goes into the ledger. */
    verb: (id: string, verb: RolloutVerb, reason?: string, options?: WriteOptions) =>
      this.#post(Rollout, `/v1/rollouts/${seg(id)}:${verb}`, reason === undefined ? undefined : { reason }, options),
  };

  readonly decisions = {
    list: (filter?: InProject & { readonly rolloutId?: string; readonly routeId?: string }, page?: PageOptions) =>
      this.#list(DecisionPage, '/v1/decisions', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Decision, `/v1/decisions/${seg(id)}`, {}, options),
  };

  readonly tokens = {
    create: (body: CreateToken, options?: WriteOptions) => this.#post(CreatedToken, '/v1/tokens', body, options),
    list: (filter?: InProject, page?: PageOptions) => this.#list(TokenPage, '/v1/tokens', page, filter),
    get: (id: string, options?: ReadOptions) => this.#get(Token, `/v1/tokens/${seg(id)}`, {}, options),
    revoke: (id: string, options?: WriteOptions) =>
      this.#post(Token, `/v1/tokens/${seg(id)}:revoke`, undefined, options),
  };

  /** Who this token is. */
  whoAmI(options?: ReadOptions): Promise<z.infer<typeof WhoAmI>> {
    return this.#get(WhoAmI, '/v1/whoami', {}, options);
  }

  /** Every event in order, each once, also across lost connections. */
  events(options: EventsOptions = {}): AsyncGenerator<Event, void, void> {
    return followEvents(this.#http, Event, options);
  }

  #get<T extends z.ZodType>(schema: T, path: string, query: Query, options?: ReadOptions): Promise<z.output<T>> {
    return this.#http.call(schema, { method: 'GET', path, query, ...(options && { options }) });
  }
  #list<T extends z.ZodType>(
    schema: T,
    path: string,
    page: PageOptions = {},
    filter: Query = {},
  ): Promise<z.output<T>> {
    const { signal, limit, cursor } = page;
    return this.#get(schema, path, { ...filter, limit, cursor }, signal === undefined ? undefined : { signal });
  }
  #post<T extends z.ZodType>(schema: T, path: string, body: unknown, options?: WriteOptions): Promise<z.output<T>> {
    return this.#http.call(schema, { method: 'POST', path, body, ...(options && { options }) });
  }
  #patch<T extends z.ZodType>(schema: T, path: string, body: unknown, options?: WriteOptions): Promise<z.output<T>> {
    return this.#http.call(schema, { method: 'PATCH', path, body, ...(options && { options }) });
  }
  #delete<T extends z.ZodType>(
    schema: T,
    path: string,
    options?: WriteOptions,
    query: Query = {},
  ): Promise<z.output<T>> {
    return this.#http.call(schema, { method: 'DELETE', path, query, ...(options && { options }) });
  }
}

function seg(id: string): string {
  return encodeURIComponent(id);
}
