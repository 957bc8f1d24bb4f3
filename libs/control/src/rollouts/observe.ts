import { performance } from 'node:perf_hooks';
import type { Fact, LiveRoute, Observation, TargetHealth } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { LoadedRollout } from './rollout-store.js';
import { SharedReads } from './shared-reads.js';

/** How long a read may be shared between rollouts before it is read again. */
const shareMs = 1_000;

type RouteRead = ReadonlyMap<string, LiveRoute | { readonly failure: ExternalFailure }>;

/** The I/O of a decision: live forward actions and target health, each with its age by Postgres's clock. */
export class Observer {
  private readonly routeReads = new SharedReads<RouteRead>(() => performance.now());
  private readonly healthReads = new SharedReads<TargetHealth>(() => performance.now());

  constructor(
    private readonly loadBalancer: LoadBalancer,
    private readonly access: (accountId: string) => Promise<AwsAccess>,
  ) {}

  /** `toInstant` turns a monotonic time into Postgres's; `fresh` shares nothing that was read before. */
  async observe(
    loaded: LoadedRollout,
    toInstant: (monotonicMs: number) => number,
    fresh: boolean,
  ): Promise<Observation> {
    const routes: Record<string, Fact<LiveRoute>> = {};
    const health: Record<string, Fact<TargetHealth>> = {};
    const { routes: frozen } = loaded.rollout.plan;
    const accountIds = [...new Set(frozen.map((route) => route.accountId))];
    await Promise.all(
      accountIds.map(async (accountId) => {
        const ofAccount = frozen.filter((route) => route.accountId === accountId);
        const notBefore = performance.now() - (fresh ? 0 : shareMs);
        const sinceLastWrite =
          performance.now() -
          (toInstant(performance.now()) - Math.max(0, ...ofAccount.map((route) => loaded.settledAt[route.id] ?? 0)));
        const arns = ofAccount.map((route) => route.arn).sort();
        const read = await this.fact(toInstant, () =>
          this.readRoutes(accountId, arns, Math.max(notBefore, sinceLastWrite)),
        );
        for (const route of ofAccount)
          routes[route.id] = read.ok ? routeFact(read.value.get(route.arn), read.at) : read;
        const targetGroups = new Set(
          ofAccount.flatMap((route) => route.backends.map((backend) => backend.targetGroupArn)),
        );
        await Promise.all(
          [...targetGroups].map(async (arn) => {
            health[arn] = await this.fact(toInstant, () => this.readHealth(accountId, arn, notBefore));
          }),
        );
      }),
    );
    return { routes, health, clusters: loaded.clusters, writes: loaded.writes };
  }

  private async readRoutes(
    accountId: string,
    arns: readonly string[],
    notBefore: number,
  ): Promise<{ value: RouteRead; at: number }> {
    const access = await this.access(accountId);
    return this.routeReads.get(`${accountId} ${arns.join(' ')}`, notBefore, () =>
      this.loadBalancer.readRoutes(access, arns),
    );
  }

  private async readHealth(
    accountId: string,
    arn: string,
    notBefore: number,
  ): Promise<{ value: TargetHealth; at: number }> {
    const access = await this.access(accountId);
    return this.healthReads.get(`${accountId} ${arn}`, notBefore, () => this.loadBalancer.targetHealth(access, arn));
  }

  private async fact<T>(
    toInstant: (monotonicMs: number) => number,
    read: () => Promise<{ value: T; at: number }>,
  ): Promise<Fact<T>> {
    try {
      const { value, at } = await read();
      return { ok: true, at: toInstant(at), value };
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      return failureFact(error, toInstant(performance.now()));
    }
  }
}

function routeFact(found: LiveRoute | { readonly failure: ExternalFailure } | undefined, at: number): Fact<LiveRoute> {
  if (found === undefined)
    return { ok: false, at, transient: true, code: 'NotRead', message: 'the read of this route gave no answer' };
  return 'failure' in found ? failureFact(found.failure, at) : { ok: true, at, value: found };
}

function failureFact(
  error: ExternalFailure,
  at: number,
): { ok: false; at: number; transient: boolean; code: string; message: string } {
  return { ok: false, at, transient: error.kind === 'transient', code: error.code, message: error.message };
}
