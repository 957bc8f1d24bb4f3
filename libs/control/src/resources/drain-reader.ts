import { drained, shareOf, type Drain } from '@sluice/domain';
import type { Clock } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { ResourceStore } from '../stores/resource-store.js';
import type { AccountAccess } from './account-access.js';
import { answered, refusal } from './aws-refusals.js';
import { readIfThere } from './live-route.js';
import type { Backend, Route } from './types.js';

/** Whether a binding may go (rule 10). `readyAt` in ms since the epoch; null while it has weight. */
export interface DrainState extends Drain {
  /** false: by times alone, nobody counted requests. */
  readonly measured: boolean;
}

/** Reads what a drain is judged by: live weights, the ledger's last word on them, stickiness, deregistration delay. */
export class DrainReader {
  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly settleMs: number,
  ) {}

  /** By the target group, which may stand in several routes: all of them must have let go of it. */
  async of(backend: Backend): Promise<DrainState> {
    const sharing = (await this.store.read.backends.all({ targetGroupArn: backend.targetGroupArn })).filter(
      (one) => one.clusterId === backend.clusterId,
    );
    const states = await Promise.all(sharing.map((one) => this.#ofOne(one)));
    const last = states.find((one) => !one.drained) ?? states[0];
    return last ?? { drained: true, measured: false, message: 'its backend is gone', readyAt: null };
  }

  async #ofOne(backend: Backend): Promise<DrainState> {
    const route = await this.store.read.routes.find(backend.routeId);
    if (!route) return { drained: true, measured: false, message: 'its route is gone', readyAt: null };
    const access = await this.accountAccess.access(route.accountId);
    const live = await answered(readIfThere(this.loadBalancer, access, route.arn));
    const stickiness = live?.action.stickiness;
    const hasWeight = live !== null && shareOf(live.action.weights, backend.targetGroupArn) > 0;
    const since = hasWeight ? null : await this.#zeroSince(backend, route, live === null);
    const unexplained = !hasWeight && since === null;
    const facts = {
      weightZeroSince: since,
      settleMs: this.settleMs,
      stickinessMs: stickiness?.enabled ? stickiness.durationSeconds * 1000 : 0,
      deregistrationMs: await this.#deregistrationMs(access, backend.targetGroupArn),
    };
    const state = drained(facts, this.clock.now());
    const message = unexplained
      ? `its live weight is 0 in route ${route.name}, but no decision of ours took it there, so nobody knows since when; set the route's weights through Sluice once`
      : `${state.message} (route ${route.name})`;
    return { ...state, message, measured: false };
  }

  /** 0 when the target group is gone: nothing is registered that could drain. */
  async #deregistrationMs(access: AwsAccess, targetGroupArn: string): Promise<number> {
    try {
      return await this.loadBalancer.deregistrationDelayMs(access, targetGroupArn);
    } catch (error) {
      if (error instanceof ExternalFailure && error.kind === 'terminal' && error.code.startsWith('TargetGroupNotFound'))
        return 0;
      throw refusal(error);
    }
  }

  /** By the ledger; where somebody else took the weight away, since the drift was seen. null = nobody knows. */
  async #zeroSince(backend: Backend, route: Route, routeIsGone: boolean): Promise<number | null> {
    if (routeIsGone) return this.#goneSince(route, backend);
    const since = await this.store.read.engine.zeroSince(route.id, backend.targetGroupArn);
    if (since === 'unwritten') return Date.parse(backend.createdAt);
    if (since) return Date.parse(since.at);
    return route.drift && shareOf(route.drift.live, backend.targetGroupArn) === 0 ? Date.parse(route.drift.at) : null;
  }

  /** When we removed its listener or rule ourselves; otherwise it has been gone for an unknown time, counted from our last sight of it. */
  async #goneSince(route: Route, backend: Backend): Promise<number> {
    const provisioned = await this.store.read.provisioned.all({ accountId: route.accountId });
    const removed = provisioned
      .filter((one) => [route.arn, route.listenerArn, route.loadBalancerArn].includes(one.arn))
      .flatMap((one) => one.removedAt ?? []);
    return Math.max(Date.parse(backend.createdAt), ...removed.map((at) => Date.parse(at)));
  }
}
