import {
  FactStore,
  type FactWrite,
  type GatewayFence,
  type Subject,
  type WatchedAction,
  type WatchedHealth,
  type Wants,
} from '@sluice/control';
import type { Fact, Ownership } from '@sluice/domain';

/** What one call of `record` brought. */
export interface RecordedLooks {
  readonly facts: readonly FactWrite[];
  readonly changed: readonly FactWrite[];
}

/** Facts of one gateway in memory, for tests of what reads for it. `wakes` instead of rollouts: what was recorded as changed. */
export class InMemoryFactStore extends FactStore {
  wanted: Wants = { routes: [], health: [], fresh: [] };
  /** By `kind account arn`. */
  readonly stored = new Map<string, FactWrite>();
  readonly records: RecordedLooks[] = [];
  wantsAsked = 0;
  /** Somebody else owns the gateway. */
  isFenced = false;
  /** Thrown by everything while it is set. */
  outage: Error | null = null;

  async wants(): Promise<Wants> {
    this.wantsAsked += 1;
    this.beUp();
    return this.wanted;
  }

  async load(): Promise<readonly FactWrite[]> {
    this.beUp();
    return [...this.stored.values()];
  }

  async record(_fence: GatewayFence, facts: readonly FactWrite[], changed: readonly number[]): Promise<boolean> {
    this.beUp();
    if (this.isFenced) return false;
    this.records.push({ facts, changed: changed.flatMap((i) => facts[i] ?? []) });
    for (const fact of facts) {
      const before = this.of(fact.kind, fact.accountId, fact.arn);
      if (before && before.watched.fact.at > fact.watched.fact.at) continue;
      this.stored.set(`${fact.kind} ${fact.accountId} ${fact.arn}`, fact);
    }
    return true;
  }

  async ofRoutes(routeIds: readonly string[]): Promise<{
    readonly actions: Readonly<Record<string, WatchedAction>>;
    readonly owners: Readonly<Record<string, Fact<Ownership>>>;
    readonly health: Readonly<Record<string, WatchedHealth>>;
  }> {
    this.beUp();
    const actions: Record<string, WatchedAction> = {};
    const owners: Record<string, Fact<Ownership>> = {};
    const health: Record<string, WatchedHealth> = {};
    for (const { routeId, accountId, arn } of this.wanted.routes.filter((one) => routeIds.includes(one.routeId))) {
      const [action, owner] = [this.of('action', accountId, arn), this.of('owner', accountId, arn)];
      if (action?.kind === 'action') actions[routeId] = action.watched;
      if (owner?.kind === 'owner') owners[routeId] = owner.watched.fact;
    }
    for (const one of this.stored.values()) if (one.kind === 'health') health[one.arn] = one.watched;
    return { actions, owners, health };
  }

  async ask(subjects: readonly Subject[]): Promise<number> {
    this.beUp();
    this.wanted = { ...this.wanted, fresh: [...this.wanted.fresh, ...subjects] };
    return Date.now();
  }

  async first(facts: readonly FactWrite[]): Promise<void> {
    this.beUp();
    for (const fact of facts) this.stored.set(`${fact.kind} ${fact.accountId} ${fact.arn}`, fact);
  }

  of(kind: FactWrite['kind'], accountId: string, arn: string): FactWrite | undefined {
    return this.stored.get(`${kind} ${accountId} ${arn}`);
  }

  private beUp(): void {
    if (this.outage) throw this.outage;
  }
}
