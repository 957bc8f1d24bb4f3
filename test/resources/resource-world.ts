import {
  Clock,
  createResources,
  WeightWriter,
  type AwsAccess,
  type Caller,
  type EventView,
  type Resources,
  type ResourceOptions,
} from '@sluice/control';
import { sortWeights, type Fact, type Run, type TargetHealth, type Weights } from '@sluice/domain';
import { parseClusterCredentials, parseKubeconfig } from '@sluice/kubernetes';
import {
  AesGcmSealer,
  FileReferences,
  openDatabase,
  PostgresEventStore,
  PostgresFactStore,
  PrismaIdempotencyStore,
  PrismaResourceStore,
  RandomIds,
  type Database,
} from '@sluice/postgres';
import {
  certificateAuthority,
  createTestDatabase,
  type TestDatabase,
  InMemoryClusterAgent,
  InMemoryLoadBalancer,
  NodeTimers,
} from '@sluice/testing';
import { randomBytes } from 'node:crypto';

export const region = 'eu-west-1';
export const awsAccountId = '000000000000';
export const admin: Caller = tokenCaller('ann', null);
function tokenCaller(name: string, projectId: string | null): Caller {
  return { actor: { kind: 'token', id: `tok_${name}`, name }, role: 'admin', projectId };
}
/** The load balancer in memory lets everybody in. */
const anyAccess: AwsAccess = { accountId: awsAccountId, region, endpoint: null, credentials: null, role: null };
export const firstPage = { limit: 50, cursor: null };

/** A clock that stands until it is moved; it starts now, because rows get their times from Postgres. */
class StillClock extends Clock {
  #now = Date.now();
  now(): number {
    return this.#now;
  }
  pass(ms: number): void {
    this.#now += ms;
  }
}

/** Writes attachments at once, and into the ledger as the engine would. */
class DirectWeightWriter extends WeightWriter {
  /** The next request fails with this. */
  refuseWith: Error | null = null;
  constructor(private readonly world: () => ResourceWorld) {
    super();
  }
  requestAttach(
    _caller: Caller,
    request: { routeId: string; targetGroupArns: readonly string[] },
  ): Promise<{ decisionId: string }> {
    return this.#write(request.routeId, (weights) => [
      ...weights,
      ...request.targetGroupArns.map((targetGroupArn) => ({ targetGroupArn, weight: 0 })),
    ]);
  }
  requestDetach(
    _caller: Caller,
    request: { routeId: string; targetGroupArns: readonly string[] },
  ): Promise<{ decisionId: string }> {
    return this.#write(request.routeId, (weights) =>
      weights.filter((one) => !request.targetGroupArns.includes(one.targetGroupArn)),
    );
  }
  async #write(routeId: string, change: (weights: Weights) => Weights): Promise<{ decisionId: string }> {
    if (this.refuseWith) throw this.refuseWith;
    const { arn } = await this.world().resources.routes.get(admin, routeId);
    return this.world().settle(routeId, change(this.world().loadBalancer.weightsOf(arn)));
  }
}

export interface ResourceWorld {
  readonly database: Database;
  readonly resources: Resources;
  readonly store: PrismaResourceStore;
  readonly idempotency: PrismaIdempotencyStore;
  readonly loadBalancer: InMemoryLoadBalancer;
  readonly agent: InMemoryClusterAgent;
  readonly clock: StillClock;
  readonly writer: DirectWeightWriter;
  readonly caPem: string;
  /** A project with an account in it. */
  project(name: string): Promise<{ projectId: string; accountId: string; caller: Caller }>;
  /** A cluster with a Service `web` in `shop`. */
  cluster(where: { projectId: string; accountId: string }, name: string): Promise<string>;
  /** What the engine does: weights go live and an applied intent says since when (the clock's now). */
  settle(routeId: string, weights: Weights): Promise<{ decisionId: string }>;
  /** What a gateway does: the route and its target groups as AWS has them now become facts, or that AWS `failed`. */
  look(routeId: string, failed?: { readonly code: string; readonly transient: boolean }): Promise<void>;
  /** A rollout that names this route, as the engine's tables say it: one that moves it, bakes or waits for its start. */
  rollout(
    routeId: string,
    of?: { readonly planId?: string; readonly state?: 'Running' | 'Succeeded' | 'Scheduled' },
  ): Promise<string>;
  /** From then on it names nothing. */
  endRollout(id: string): Promise<void>;
  /** All of them so far, as people are told. */
  events(): Promise<readonly EventView[]>;
  close(): Promise<void>;
}

/** Every use case of the resources on a real Postgres, with AWS and clusters in memory. A database that is `given` outlives it. */
export async function createResourceWorld(
  options: ResourceOptions & { readonly referenceDirectory?: string } = {},
  given?: TestDatabase,
): Promise<ResourceWorld> {
  const testDatabase = given ?? (await createTestDatabase());
  const database = openDatabase(testDatabase.url);
  const { caPem } = await certificateAuthority();
  const ids = new RandomIds();
  const parts = {
    database,
    caPem,
    store: new PrismaResourceStore(database.prisma),
    facts: new PostgresFactStore(database.pool),
    idempotency: new PrismaIdempotencyStore(database.prisma),
    loadBalancer: new InMemoryLoadBalancer(),
    agent: new InMemoryClusterAgent(),
    clock: new StillClock(),
    writer: new DirectWeightWriter(() => world),
  };
  const resources = createResources(
    {
      store: parts.store,
      clock: parts.clock,
      ids,
      loadBalancer: parts.loadBalancer,
      clusterAgent: parts.agent,
      facts: parts.facts,
      timers: new NodeTimers(),
      sealer: new AesGcmSealer([{ id: 'test', bytes: randomBytes(32) }]),
      references: new FileReferences(options.referenceDirectory ?? null),
      weightWriter: () => parts.writer,
      parseClusterCredentials,
      parseKubeconfig,
    },
    { allowedEndpoints: ['http://127.0.0.1:4566'], writePollMs: 5, writeWaitMs: 10_000, ...options },
  );
  const world: ResourceWorld = {
    ...parts,
    resources,
    async project(name) {
      const { id: projectId } = await resources.projects.create(admin, { name });
      const account = await resources.accounts.create(admin, {
        projectId,
        name: 'main',
        awsAccountId,
        region,
        endpoint: 'http://127.0.0.1:4566',
        credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'super-secret-key' },
      });
      return { projectId, accountId: account.id, caller: tokenCaller(name, projectId) };
    },
    async cluster({ projectId, accountId }, name) {
      const { id } = await resources.clusters.create(admin, {
        projectId,
        accountId,
        name,
        server: 'https://10.0.0.10:6443',
        caPem,
        credentials: { token: 'cluster-token' },
      });
      parts.agent.cluster(id).service({ namespace: 'shop', name: 'web' });
      return id;
    },
    async settle(routeId, weights) {
      const route = await resources.routes.get(admin, routeId);
      const before = parts.loadBalancer.weightsOf(route.arn);
      const after = sortWeights(weights);
      parts.loadBalancer.editByConsole(route.arn, { weights: after });
      const [id, decisionId] = [ids.next('int'), ids.next('dec')];
      await database.pool.query(
        `INSERT INTO intents (id, project_id, account_id, route_id, listener_arn, decision_id, purpose, priority, state, goal, before, after, min_healthy_targets, settled_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'oneOff', 1, 'applied', $7, $8, $9, 1, $10)`,
        [
          id,
          route.projectId,
          route.accountId,
          routeId,
          route.listenerArn,
          decisionId,
          JSON.stringify({ kind: 'weights', weights: after }),
          JSON.stringify(before),
          JSON.stringify(after),
          new Date(parts.clock.now()),
        ],
      );
      await database.pool.query('UPDATE routes SET expected = $2 WHERE id = $1', [routeId, JSON.stringify(after)]);
      return { decisionId };
    },
    async look(routeId, failed) {
      const { accountId, arn } = await resources.routes.get(admin, routeId);
      const at = parts.clock.now();
      const { items: backends } = await resources.backends.list(admin, { routeId }, firstPage);
      const as = <T>(value: T): Fact<T> =>
        failed ? { ok: false, at, message: failed.code, ...failed } : { ok: true, at, value };
      const seen = <T, M>(value: T) => ({ fact: as(value), periodMs: 30_000, runs: [] as Run<M>[] });
      await parts.facts.first([
        { kind: 'action', accountId, arn, watched: seen(await parts.loadBalancer.readRoute(anyAccess, arn)) },
        ...(await Promise.all(
          backends.map(async ({ targetGroupArn }) => ({
            kind: 'health' as const,
            accountId,
            arn: targetGroupArn,
            watched: seen<TargetHealth, number>(await parts.loadBalancer.targetHealth(anyAccess, targetGroupArn)),
          })),
        )),
      ]);
    },
    async rollout(routeId, { planId = ids.next('pln'), state = 'Running' } = {}) {
      const route = await resources.routes.get(admin, routeId);
      const id = ids.next('rol');
      await database.pool.query(
        `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, reason, message, created_by, bakes_until)
         VALUES ($1, $2, $3, 1, 'r', $4, $1, 1, 1, 'NextStep', '', 'token:ann', CASE WHEN $4 = 'Succeeded' THEN now() + interval '1 hour' END)`,
        [id, route.projectId, planId, state],
      );
      await database.pool.query('INSERT INTO rollout_routes (rollout_id, route_id, position) VALUES ($1, $2, 0)', [
        id,
        routeId,
      ]);
      if (state === 'Running')
        await database.pool.query('INSERT INTO claims (route_id, rollout_id) VALUES ($1, $2)', [routeId, id]);
      return id;
    },
    async endRollout(id) {
      await database.pool.query('DELETE FROM claims WHERE rollout_id = $1', [id]);
      await database.pool.query("UPDATE rollouts SET state = 'Cancelled', bakes_until = NULL WHERE id = $1", [id]);
    },
    async events() {
      await database.pool.query('SELECT seal_events(100000)');
      return new PostgresEventStore(database.pool).after(0n, { projectId: null }, 100_000);
    },
    async close() {
      await database.close();
      if (!given) await testDatabase.drop();
    },
  };
  return world;
}

/** The error that a promise must fail with. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<
  Error & { reason?: string; issues?: readonly { field: string; message: string }[]; facts?: Record<string, unknown> }
> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('this was expected to fail');
}
