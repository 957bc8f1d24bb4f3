import { sameWeights } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { RouteMaterial, RouteWriteStore } from './route-writes.js';

const batch = 100;

/** Reads every route that nobody moves, and records live weights that no decision explains. */
export class DriftSweep {
  constructor(
    private readonly store: RouteWriteStore,
    private readonly loadBalancer: LoadBalancer,
    private readonly access: (accountId: string) => Promise<AwsAccess>,
    private readonly log: { readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void },
  ) {}

  /** Only accounts whose lane is ours, so that replicas don't read the same things. Answers how many routes were read. */
  async run(accountIds: readonly string[]): Promise<number> {
    let read = 0;
    for (let after: string | null = null; ;) {
      const routes: readonly RouteMaterial[] = await this.store.idleRoutes(batch, after);
      for (const accountId of accountIds)
        read += await this.sweepAccount(
          accountId,
          routes.filter((route) => route.accountId === accountId),
        );
      if (routes.length < batch) return read;
      after = routes.at(-1)?.id ?? null;
    }
  }

  private async sweepAccount(accountId: string, routes: readonly RouteMaterial[]): Promise<number> {
    if (routes.length === 0) return 0;
    try {
      const live = await this.loadBalancer.readRoutes(
        await this.access(accountId),
        routes.map((route) => route.arn),
      );
      for (const route of routes) {
        const found = live.get(route.arn);
        if (!found || 'failure' in found) continue;
        const weights = found.action.weights;
        const drift = sameWeights(weights, route.expected)
          ? null
          : {
              live: weights,
              message:
                'Live weights are not what Sluice last wrote or read at registration: somebody else changed them.',
            };
        if (await this.store.recordSweep(route.id, route.expected, drift)) {
          this.log.warn(drift ? 'route has drifted' : 'drift is gone', { routeId: route.id, name: route.name });
        }
      }
      return routes.length;
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      this.log.warn('drift sweep could not read an account', { accountId, code: error.code });
      return 0;
    }
  }
}
