import { drained, goneSince, shareOf, zeroSince, type Drain, type Instant } from '@sluice/domain';
import type { Clock } from '../context.js';
import type { FactStore, WatchedAction } from '../ports/fact-store.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { AccountAccess } from '../resources/account-access.js';
import { answered } from '../resources/aws-refusals.js';
import { readIfThere } from '../resources/live-route.js';
import type { Route } from '../resources/types.js';
import type { ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import { namingRollout } from './naming-rollout.js';
import { isGone, servingActions, type NamingAction } from './serving-actions.js';

/** Whether what fills a target group may go (rule 10). `readyAt` in ms since the epoch; null while nobody knows. */
export interface DrainState extends Drain {
  /** false: by times alone, nobody counted requests. */
  readonly measured: boolean;
}

export interface DrainVerdict extends DrainState {
  /** null = it may go. */
  readonly reason: 'StillServing' | 'RouteIsBusy' | 'ChangedMeanwhile' | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A route that has a backend on the target group, or whose action names it. */
interface SeenRoute {
  readonly route: Route;
  /** false: AWS says that it is gone. */
  readonly isThere: boolean;
  readonly watched: WatchedAction | null;
  /** When we removed it, or what it stood on. */
  readonly removedAt: readonly Instant[];
}

/** What AWS said of a target group, before it is judged in a transaction. */
export interface DrainLook {
  readonly targetGroupArn: string;
  readonly actions: readonly NamingAction[];
  readonly routes: readonly SeenRoute[];
  readonly deregistrationMs: number;
}

/**
 * Whether what fills a target group may go. `look` reads AWS, now and everywhere; `judge` decides in the transaction that
 * removes, under the guards and locks of every route concerned, which a raise takes as well.
 */
export class Drains {
  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly facts: FactStore,
    private readonly settleMs: number,
  ) {}

  /** @throws ExternalFailure where AWS can't be read: nothing is drained by an outage */
  async look(accountId: string, targetGroupArn: string): Promise<DrainLook> {
    const access = await this.accountAccess.access(accountId);
    const actions = await answered(servingActions(this.loadBalancer, access, targetGroupArn));
    const routes = await this.#routes(targetGroupArn, actions);
    const { actions: watched } = await this.facts.ofRoutes(routes.map((route) => route.id));
    return {
      targetGroupArn,
      actions,
      routes: await Promise.all(routes.map((route) => this.#seen(route, actions, watched[route.id] ?? null))),
      deregistrationMs: await this.#deregistrationMs(access, targetGroupArn),
    };
  }

  /**
   * One verdict per look. Moves the guards of the routes: nothing that was decided before is sent once this transaction has
   * committed. First in it, before any row is locked.
   */
  async judge(tx: ResourceTransaction, looks: readonly DrainLook[]): Promise<readonly DrainVerdict[]> {
    const ids = [...new Set(looks.flatMap(({ routes }) => routes.map(({ route }) => route.id)))].sort();
    await tx.moveGuards(ids.map((id) => `route/${id}`));
    for (const id of ids) await tx.routes.lock(id, 'change');
    const verdicts: DrainVerdict[] = [];
    for (const look of looks) verdicts.push(await this.#judgeOne(tx, look));
    return verdicts;
  }

  async #judgeOne(tx: ResourceTransaction, look: DrainLook): Promise<DrainVerdict> {
    const ids = look.routes.map(({ route }) => route.id);
    const backends = await tx.backends.all({ targetGroupArn: look.targetGroupArn });
    if (backends.some((one) => !ids.includes(one.routeId)))
      return refused('ChangedMeanwhile', 'a backend was added on its target group meanwhile; try again');
    for (const { route } of look.routes) {
      const busy = await whyBusy(tx, route);
      if (busy) return busy;
    }
    return serving(look) ?? this.#byTimes(tx, look);
  }

  async #routes(targetGroupArn: string, actions: readonly NamingAction[]): Promise<readonly Route[]> {
    const found = new Map<string, Route>();
    for (const { routeId } of await this.store.read.backends.all({ targetGroupArn })) {
      const route = await this.store.read.routes.find(routeId);
      if (route) found.set(route.id, route);
    }
    for (const { routeArn } of actions)
      for (const route of await this.store.read.routes.all({ arn: routeArn })) found.set(route.id, route);
    return [...found.values()];
  }

  async #seen(route: Route, actions: readonly NamingAction[], watched: WatchedAction | null): Promise<SeenRoute> {
    if (actions.some((one) => one.routeArn === route.arn)) return { route, watched, isThere: true, removedAt: [] };
    const access = await this.accountAccess.access(route.accountId);
    const isThere = (await answered(readIfThere(this.loadBalancer, access, route.arn))) !== null;
    return { route, watched, isThere, removedAt: isThere ? [] : await this.#removedAt(route) };
  }

  async #removedAt(route: Route): Promise<readonly Instant[]> {
    const stoodOn = [route.arn, route.listenerArn, route.loadBalancerArn];
    return (await this.store.read.provisioned.all({ accountId: route.accountId }))
      .filter((one) => stoodOn.includes(one.arn))
      .flatMap((one) => (one.removedAt === null ? [] : [Date.parse(one.removedAt)]));
  }

  /** 0 when the target group is gone: nothing is registered that could drain. */
  async #deregistrationMs(access: AwsAccess, targetGroupArn: string): Promise<number> {
    const asked = this.loadBalancer.deregistrationDelayMs(access, targetGroupArn).catch((error: unknown) => {
      if (isGone(error)) return 0;
      throw error;
    });
    return answered(asked);
  }

  async #byTimes(tx: ResourceTransaction, look: DrainLook): Promise<DrainVerdict> {
    const verdicts = await Promise.all(look.routes.map((seen) => this.#byTimesOf(tx, look, seen)));
    const last = verdicts.find((one) => !one.drained) ?? verdicts[0];
    return (
      last ?? { drained: true, measured: false, message: 'nothing names it', readyAt: null, reason: null, facts: {} }
    );
  }

  async #byTimesOf(tx: ResourceTransaction, look: DrainLook, seen: SeenRoute): Promise<DrainVerdict> {
    const { route } = seen;
    const since = await this.#since(tx, look.targetGroupArn, seen);
    if (since === null) return refused('StillServing', nobodyKnows(seen));
    const named = look.actions.find((one) => one.routeArn === route.arn);
    const facts = {
      weightZeroSince: since,
      settleMs: this.settleMs,
      stickinessMs: named?.stickinessMs ?? stickinessOf(seen),
      deregistrationMs: look.deregistrationMs,
    };
    const { drained: isDrained, message, readyAt } = drained(facts, this.clock.now());
    const where = seen.isThere ? `(route ${route.name})` : `(route ${route.name} is gone from AWS)`;
    return {
      drained: isDrained,
      measured: false,
      message: `${message} ${where}`,
      readyAt,
      reason: isDrained ? null : 'StillServing',
      facts: { readyAt },
    };
  }

  async #since(
    tx: ResourceTransaction,
    targetGroupArn: string,
    { route, isThere, watched, removedAt }: SeenRoute,
  ): Promise<Instant | null> {
    if (!isThere) return goneSince(watched, removedAt);
    const written = await tx.engine.zeroSince(route.id, targetGroupArn);
    const writtenAt = written === null || written === 'unwritten' ? null : Date.parse(written.at);
    const since = zeroSince({ writtenAt, watched }, targetGroupArn, this.clock.now());
    if (since !== null || !route.drift) return since;
    return shareOf(route.drift.live, targetGroupArn) === 0 ? Date.parse(route.drift.at) : null;
  }
}

async function whyBusy(tx: ResourceTransaction, route: Route): Promise<DrainVerdict | null> {
  const named = await namingRollout(tx.engine, route);
  if (named) return refused('RouteIsBusy', named.message, { rolloutId: named.rolloutId });
  if (!(await tx.engine.hasOpenIntent(route.id))) return null;
  return refused('RouteIsBusy', `a write to route ${route.name} is outstanding; try again in a moment`);
}

/** Somebody sends it requests now, or could have until a moment ago without our knowing. */
function serving({ actions, routes }: DrainLook): DrainVerdict | null {
  const nameOf = (arn: string) => routes.find(({ route }) => route.arn === arn)?.route.name ?? null;
  const live = actions.find((one) => one.share > 0);
  if (live) {
    const name = nameOf(live.routeArn);
    const who = name === null ? `${live.routeArn} (not registered here)` : `route ${name}`;
    const percent = Math.round(live.share) / 10;
    const message = `still has weight: ${who} sends its target group ${percent} % of its requests; take it to 0 there first`;
    return refused('StillServing', message, { routeArn: live.routeArn, live: live.weights });
  }
  const stranger = actions.find((one) => nameOf(one.routeArn) === null);
  if (!stranger) return null;
  const message = `${stranger.routeArn} names its target group at weight 0 and is not registered here, so nobody knows since when; register it as a route, so that it is watched, or take the target group out of it`;
  return refused('StillServing', message, { routeArn: stranger.routeArn, live: stranger.weights });
}

function stickinessOf({ watched }: SeenRoute): number {
  const stickiness = watched?.fact.ok ? watched.fact.value.action.stickiness : null;
  return stickiness?.enabled ? stickiness.durationSeconds * 1000 : 0;
}

function nobodyKnows({ route, isThere }: SeenRoute): string {
  if (!isThere)
    return `route ${route.name} is gone from AWS and was never seen, so nobody knows since when; check its account, or forget the backend (DELETE …/backends/{id}?forget=true)`;
  return `its live weight is 0 in route ${route.name}, but no decision of ours took it there, so nobody knows since when: it has not been watched at 0 without a gap. Check that its account can be read and wait, or set the route's weights through Sluice once`;
}

function refused(
  reason: 'StillServing' | 'RouteIsBusy' | 'ChangedMeanwhile',
  message: string,
  facts: Readonly<Record<string, unknown>> = {},
): DrainVerdict {
  return { drained: false, measured: false, message, readyAt: null, reason, facts: { readyAt: null, ...facts } };
}
