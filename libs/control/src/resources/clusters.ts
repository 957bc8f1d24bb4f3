import { Conflict, actorText } from '@sluice/domain';
import type { Caller, Clock, Ids } from '../context.js';
import type { ClusterAgent, ClusterCheck } from '../ports/cluster-agent.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { DrainLook, Drains } from '../removal/drains.js';
import { shownCluster } from '../stores/recorded-changes.js';
import type { ClusterRecord, ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import { Checks, checkedReason, knownId } from './checks.js';
import type { ClusterAccessFactory } from './cluster-access.js';
import type { ClusterIdentity } from './cluster-identity.js';
import type { ClusterConnections } from './cluster-connections.js';
import type { MutationOptions } from './options.js';
import { expectVersion, keepProject, own, projectFilter } from './tenancy.js';
import type { Attributed, Cluster, Page, PageRequest } from './types.js';

export type BindingApi = Cluster['bindingApi'];

export type ClusterCredentials =
  | { readonly token: string }
  /** PEM. */
  | { readonly clientCertificate: string; readonly clientKey: string }
  /** `file:name` of a file in the project's folder for references: a token, or JSON `{clientCertificate, clientKey}`. */
  | { readonly reference: string };

interface CreateClusterCommon {
  readonly projectId: string;
  readonly accountId: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `elbv2.k8s.aws/v1beta1`. */
  readonly bindingApi?: BindingApi;
}

/** How a cluster is reached, whole. */
export type ClusterConnection =
  | {
      readonly server: string;
      /** base64 of PEM, as in a kubeconfig; or `caPem`. One of both. */
      readonly caData?: string;
      readonly caPem?: string;
      readonly tlsServerName?: string | null;
      readonly credentials: ClusterCredentials;
    }
  | { readonly kubeconfig: string };

export type CreateCluster = CreateClusterCommon & ClusterConnection;

/** Only what is present changes. */
export interface UpdateCluster {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly bindingApi?: BindingApi;
}

export interface ClusterCheckResult {
  readonly cluster: Cluster;
  readonly ok: boolean;
  readonly message: string;
  readonly advice: string | null;
  readonly facts: ClusterCheck | null;
}

export interface ClusterFilter {
  readonly projectId?: string;
  readonly accountId?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Kubernetes clusters. Credentials go in and are never shown again. */
export class Clusters {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly connections: ClusterConnections,
    private readonly accessTo: ClusterAccessFactory,
    private readonly agent: ClusterAgent,
    private readonly identity: ClusterIdentity,
    private readonly drains: Drains,
  ) {}

  async create(caller: Caller, input: CreateCluster, options: MutationOptions = {}): Promise<Cluster> {
    const checks = new Checks();
    checks.name('name', input.name);
    checkCommon(checks, input);
    knownId('account', input.accountId);
    const id = this.ids.next('clu');
    const connection = await this.connections.read(checks, { id, projectId: input.projectId }, input);
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        await keepProject(tx, caller, input.projectId);
        own(
          { ...caller, projectId: input.projectId },
          'account',
          input.accountId,
          await tx.accounts.lock(input.accountId, 'keep'),
        );
        const cluster = await tx.clusters.insert({
          id,
          projectId: input.projectId,
          accountId: input.accountId,
          name: input.name,
          labels: input.labels ?? {},
          agent: 'direct',
          bindingApi: input.bindingApi ?? 'elbv2.k8s.aws/v1beta1',
          ...connection,
          credentials: connection.storedCredentials.kind,
          kubeSystemUid: null,
          cordoned: null,
          retired: null,
          check: null,
          createdBy: actorText(caller.actor),
        });
        return shownCluster(cluster);
      },
      options,
    );
  }

  async list(caller: Caller, filter: ClusterFilter, page: PageRequest): Promise<Page<Cluster>> {
    const { items, next } = await this.store.read.clusters.page(checkedFilter(caller, filter), page);
    return { items: items.map(shownCluster), next };
  }

  async get(caller: Caller, id: string): Promise<Cluster> {
    return shownCluster(await this.#find(caller, id));
  }

  async update(caller: Caller, id: string, patch: UpdateCluster, options: MutationOptions = {}): Promise<Cluster> {
    const checks = new Checks();
    if (patch.name !== undefined) checks.name('name', patch.name);
    checkCommon(checks, patch);
    checks.done();
    return this.#change(caller, id, options, () => ({
      ...(patch.name !== undefined && { name: patch.name }),
      ...(patch.labels !== undefined && { labels: patch.labels }),
      ...(patch.bindingApi !== undefined && { bindingApi: patch.bindingApi }),
    }));
  }

  /**
   * Replaces address, CA and credentials together: credentials that are stored are never sent anywhere else. Asks the
   * cluster which one it is; Conflict when it is registered already, or another than the one that has the bindings.
   */
  async connect(caller: Caller, id: string, input: ClusterConnection, options: MutationOptions = {}): Promise<Cluster> {
    const before = await this.#find(caller, id);
    const connection = await this.connections.read(new Checks(), before, input);
    const found = await this.identity.ask(await this.accessTo.of({ ...before, ...connection }));
    return this.#change(caller, id, options, async (cluster, tx) => ({
      ...connection,
      credentials: connection.storedCredentials.kind,
      kubeSystemUid: await this.identity.afterConnecting(tx, cluster, connection, found),
      check: null,
    }));
  }

  /** Asks the API server who we are, what it serves and what we may do; the answer is kept with the cluster. */
  async check(caller: Caller, id: string): Promise<ClusterCheckResult> {
    const before = await this.#find(caller, id);
    const asked = await this.#ask(before);
    const at = new Date(this.clock.now()).toISOString();
    let found = asked;
    const cluster = await this.#change(caller, id, {}, async (now, tx) => {
      const uid = asked.facts?.kubeSystemUid ?? null;
      // what answered at an address that has been replaced meanwhile says nothing about the new one
      if (uid === null || now.server !== before.server || now.caPem !== before.caPem)
        return { check: recorded(at, asked) };
      const refusal = await this.identity.whyNot(tx, now, uid);
      found = refusal === null ? asked : { ...asked, ok: false, message: refusal.message, advice: takenAdvice };
      return { check: recorded(at, found), ...(refusal === null && { kubeSystemUid: uid }) };
    });
    return { cluster, ...found };
  }

  /** A cordoned cluster gets no new share. */
  cordon(
    caller: Caller,
    id: string,
    input: { readonly reason: string },
    options: MutationOptions = {},
  ): Promise<Cluster> {
    const reason = checkedReason('reason', input.reason);
    return this.#change(caller, id, options, (cluster) =>
      cluster.cordoned ? {} : { cordoned: this.#attributed(caller, reason) },
    );
  }

  uncordon(caller: Caller, id: string, options: MutationOptions = {}): Promise<Cluster> {
    return this.#change(caller, id, options, () => ({ cordoned: null }));
  }

  /**
   * For good: no backend may be added any more. Conflict until each of its target groups is drained (rule 10):
   * `ClusterIsServing` while any load balancer sends one requests or its times aren't over, `RouteIsBusy` while a rollout,
   * a bake or a write may still raise one. A route that is gone from AWS sends nothing; an outage is not "gone".
   */
  async retire(
    caller: Caller,
    id: string,
    input: { readonly reason: string },
    options: MutationOptions = {},
  ): Promise<Cluster> {
    const reason = checkedReason('reason', input.reason);
    const looks = await this.#looks(await this.#find(caller, id));
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        await this.#refuseWhileServing(tx, id, looks);
        const cluster = own(caller, 'cluster', id, await tx.clusters.lock(id, 'change'));
        expectVersion(cluster, options);
        if (cluster.retired) return shownCluster(cluster);
        const gone = looks.flatMap((look) => look.routes.flatMap(({ isThere, route }) => (isThere ? [] : route.name)));
        const updated = await tx.clusters.update(id, { retired: this.#attributed(caller, reason) });
        if (gone.length > 0) tx.alsoTell(`cluster/${id}`, { vanishedRoutes: [...new Set(gone)] });
        return shownCluster(updated);
      },
      options,
    );
  }

  /** Conflict while it has backends. */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<void> {
    knownId('cluster', id);
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        const cluster = own(caller, 'cluster', id, await tx.clusters.lock(id, 'change'));
        expectVersion(cluster, options);
        const backends = await tx.backends.all({ clusterId: id });
        if (backends.length > 0)
          throw new Conflict(
            'ClusterInUse',
            `the cluster still has the backends ${backends.map((one) => one.name).join(', ')}; remove these first`,
            { backends: backends.map((one) => one.id) },
          );
        await tx.clusters.remove(id);
      },
      options,
    );
  }

  async #find(caller: Caller, id: string): Promise<ClusterRecord> {
    return own(caller, 'cluster', id, await this.store.read.clusters.find(knownId('cluster', id)));
  }

  #change(
    caller: Caller,
    id: string,
    options: MutationOptions,
    patchOf: (
      cluster: ClusterRecord,
      tx: ResourceTransaction,
    ) => Partial<ClusterRecord> | Promise<Partial<ClusterRecord>>,
  ): Promise<Cluster> {
    knownId('cluster', id);
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        const cluster = own(caller, 'cluster', id, await tx.clusters.lock(id, 'change'));
        expectVersion(cluster, options);
        const patch = await patchOf(cluster, tx);
        return shownCluster(await tx.clusters.update(id, patch));
      },
      options,
    );
  }

  /** Each of its target groups, as AWS has it now. */
  async #looks(cluster: ClusterRecord): Promise<readonly DrainLook[]> {
    const groups = new Map<string, string>();
    for (const { targetGroupArn, routeId } of await this.store.read.backends.all({ clusterId: cluster.id })) {
      const route = await this.store.read.routes.find(routeId);
      if (route) groups.set(targetGroupArn, route.accountId);
    }
    const looks: DrainLook[] = [];
    for (const [targetGroupArn, accountId] of groups) looks.push(await this.drains.look(accountId, targetGroupArn));
    return looks;
  }

  async #refuseWhileServing(tx: ResourceTransaction, id: string, looks: readonly DrainLook[]): Promise<void> {
    const verdicts = await this.drains.judge(tx, looks);
    const backends = await tx.backends.all({ clusterId: id });
    if (backends.some((one) => !looks.some((look) => look.targetGroupArn === one.targetGroupArn)))
      throw new Conflict('ChangedMeanwhile', 'the cluster got another backend meanwhile; try again');
    const kept = verdicts.findIndex((one) => one.reason !== null);
    const verdict = verdicts[kept];
    if (!verdict?.reason) return;
    const standing = backends.filter((one) => one.targetGroupArn === looks[kept]?.targetGroupArn);
    throw new Conflict(
      verdict.reason === 'StillServing' ? 'ClusterIsServing' : verdict.reason,
      `${standing.map((one) => one.name).join(', ')} of this cluster can't be given up yet: ${verdict.message}`,
      { ...verdict.facts, backends: standing.map((one) => one.id) },
    );
  }

  async #ask(cluster: ClusterRecord): Promise<Omit<ClusterCheckResult, 'cluster'>> {
    try {
      return judged(cluster, await this.agent.check(await this.accessTo.of(cluster), { timeoutMs: 15_000 }));
    } catch (error) {
      if (error instanceof Conflict)
        return { ok: false, message: error.message, advice: 'Store the credentials again.', facts: null };
      if (!(error instanceof ExternalFailure)) throw error;
      const advice =
        error.kind === 'transient'
          ? 'Check that the API server is up and that this server can reach it.'
          : 'Check the credentials and the CA of this cluster.';
      return { ok: false, message: `${error.code}: ${error.message}`, advice, facts: null };
    }
  }

  #attributed(caller: Caller, reason: string): Attributed {
    return { by: actorText(caller.actor), at: new Date(this.clock.now()).toISOString(), reason };
  }
}

function judged(cluster: ClusterRecord, facts: ClusterCheck): Omit<ClusterCheckResult, 'cluster'> {
  if (!facts.bindingApis.includes(cluster.bindingApi)) {
    const message = `the cluster doesn't serve TargetGroupBindings of ${cluster.bindingApi}; it has ${facts.bindingApis.join(', ') || 'none'}`;
    return {
      ok: false,
      message,
      advice:
        'Install the AWS Load Balancer Controller, or correct bindingApi (eks.amazonaws.com/v1 for EKS Auto Mode).',
      facts,
    };
  }
  if (facts.missingPermissions.length > 0) {
    return {
      ok: false,
      message: `${facts.user} may not ${facts.missingPermissions.join(', ')}`,
      advice: "Grant these in the cluster's RBAC.",
      facts,
    };
  }
  const unknown =
    facts.kubeSystemUid === null ? '; which cluster it is stays unknown: it may not get namespace kube-system' : '';
  return { ok: true, message: `Kubernetes ${facts.version}, reached as ${facts.user}${unknown}`, advice: null, facts };
}

const takenAdvice =
  'See `facts.kubeSystemUid`: correct the connection (PUT …/connection), or remove one of the two records.';

function recorded(at: string, { ok, message, facts }: Omit<ClusterCheckResult, 'cluster'>): Cluster['check'] {
  return { at, ok, message, facts };
}

function checkCommon(
  checks: Checks,
  input: { readonly labels?: Readonly<Record<string, string>>; readonly bindingApi?: string },
): void {
  if (input.labels !== undefined) checks.labels('labels', input.labels);
  if (input.bindingApi !== undefined)
    checks.oneOf('bindingApi', input.bindingApi, ['elbv2.k8s.aws/v1beta1', 'eks.amazonaws.com/v1']);
}

function checkedFilter(caller: Caller, { projectId, accountId, labels }: ClusterFilter) {
  const checks = new Checks();
  if (labels) checks.labels('labels', labels);
  checks.done();
  return {
    ...projectFilter(caller, projectId),
    ...(accountId !== undefined && { accountId: knownId('account', accountId) }),
    ...(labels && { labels }),
  };
}
