import type { Fact, LiveRoute, TargetHealth } from '@sluice/domain';
import { lookedAt, sameWeights } from '@sluice/domain';
import type { Clock } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { FactStore, FactWrite, Subject } from '../ports/fact-store.js';
import type { RouteRead } from '../ports/load-balancer.js';
import type { Timers } from '../ports/timers.js';
import type { Backend, Route } from './types.js';

/** How long somebody who asks for a fresh look waits for it; the account's read budget may be spent. */
const patienceMs = 5_000;
const pollMs = 100;
/** Until a gateway says how often it looks. */
const firstPeriodMs = 30_000;

export interface LookOptions {
  /** Ask AWS now, last in the account's read budget; without it the newest look is shown with its age. */
  readonly fresh?: boolean;
}

/** A route as its gateway last saw it. */
export interface SeenRoute {
  readonly live: LiveRoute;
  /** When the request began, ms since the epoch. */
  readonly at: number;
}

/** What people are shown of AWS: the looks of the gateways. It asks AWS nothing itself. */
export class RouteLooks {
  constructor(
    private readonly facts: FactStore,
    private readonly timers: Timers,
    private readonly clock: Clock,
  ) {}

  /** @throws ExternalFailure as the look failed, or `NotSeenYet` (transient) where there was none. */
  async live(route: Route, { fresh = false }: LookOptions): Promise<SeenRoute> {
    const subject: Subject = { accountId: route.accountId, kind: 'action', arn: route.arn };
    if (fresh) await this.ask(route.id, [subject], (seen) => seen.actions[route.id]?.fact.at ?? 0);
    const { actions, owners } = await this.facts.ofRoutes([route.id]);
    const fact = actions[route.id]?.fact;
    if (!fact?.ok) throw failureOf(fact, `the forward action of route ${route.name}`);
    const owner = owners[route.id];
    const ownership = owner?.ok ? owner.value : route.ownership;
    return { live: { ...fact.value, ownership, protocol: route.protocol, port: route.port }, at: fact.at };
  }

  /** Looks at the target groups of these backends, by ARN; absent = never looked. Idle routes' health isn't watched. */
  async health(
    route: Route,
    backends: readonly Backend[],
    { fresh = false }: LookOptions,
  ): Promise<Readonly<Record<string, Fact<TargetHealth>>>> {
    const arns = [...new Set(backends.map((one) => one.targetGroupArn))];
    if (fresh)
      await this.ask(
        route.id,
        arns.map((arn): Subject => ({ accountId: route.accountId, kind: 'health', arn })),
        (seen) => Math.min(...arns.map((arn) => seen.health[arn]?.fact.at ?? 0)),
      );
    const { health } = await this.facts.ofRoutes([route.id]);
    return Object.fromEntries(Object.entries(health).map(([arn, { fact }]) => [arn, fact]));
  }

  /** What was read at registration is the first look. */
  async registered(route: Route, read: RouteRead): Promise<void> {
    const { ownership, protocol: _protocol, port: _port, ...action } = read;
    const at = this.clock.now();
    const { accountId, arn } = route;
    const first: FactWrite[] = [
      {
        kind: 'action',
        accountId,
        arn,
        watched: lookedAt(
          null,
          { ok: true, at, value: action },
          firstPeriodMs,
          (live) => live.action.weights,
          sameWeights,
        ).watched,
      },
      {
        kind: 'owner',
        accountId,
        arn,
        watched: lookedAt(
          null,
          { ok: true, at, value: ownership },
          firstPeriodMs,
          (owner) => owner.kind as string,
          (a, b) => a === b,
        ).watched,
      },
    ];
    await this.facts.first(first);
  }

  private async ask(
    routeId: string,
    subjects: readonly Subject[],
    seenAt: (seen: Awaited<ReturnType<FactStore['ofRoutes']>>) => number,
  ): Promise<void> {
    if (subjects.length === 0) return;
    const askedAt = await this.facts.ask(subjects);
    const giveUpAt = this.timers.now() + patienceMs;
    while (this.timers.now() < giveUpAt) {
      if (seenAt(await this.facts.ofRoutes([routeId])) >= askedAt) return;
      await new Promise<void>((resolve) => this.timers.after(pollMs, resolve));
    }
    throw new ExternalFailure({
      system: 'aws',
      kind: 'transient',
      code: 'NotReadInTime',
      message: `a fresh look did not come within ${String(patienceMs / 1_000)} s: the read budget of the account is spent, no worker owns its gateway, or AWS still answers what stood before our last write. Without \`fresh\` the newest look is shown with its age`,
    });
  }
}

function failureOf(fact: Fact<unknown> | undefined, what: string): ExternalFailure {
  if (fact && !fact.ok)
    return new ExternalFailure({
      system: 'aws',
      kind: fact.transient ? 'transient' : 'terminal',
      code: fact.code,
      message: fact.message,
    });
  return new ExternalFailure({
    system: 'aws',
    kind: 'transient',
    code: 'NotSeenYet',
    message: `${what} has not been read yet; a worker reads it as soon as the account's read budget allows`,
  });
}
