import type {
  GatewayBudget,
  GatewayFence,
  GatewayGrant,
  GatewaySpending,
  GatewayStore,
  Handover,
  Spread,
} from '../ports/gateway-store.js';
import type { Timers } from '../ports/timers.js';
import type { Signals } from '../rollouts/rollout-store.js';
import { Repeat } from './repeat.js';
import { hasTooMany, shareOfFree } from './share.js';

/** What is done with a gateway while it is ours: its lane and its reader. */
export interface OwnedGateway {
  readonly fence: GatewayFence;
  /** The lease counts from `requestedAt`, in `Timers.now()`: beyond `requestedAt + leaseMs` nothing may be sent. */
  renewed(requestedAt: number, leaseMs: number, budget: GatewayBudget): void;
  /** Routes with a write that is marked sent, or being marked, and not settled. */
  inFlightRouteIds(): readonly string[];
  /** Of both budgets, now. Costs nothing. */
  spending(): GatewaySpending;
  /** Whether a rollback or an evacuation has writes to send here: such a gateway isn't moved. */
  hasOpenEmergency(): boolean;
  /** From this call on nothing new is read or sent; resolves when the calls in flight have ended. Aborts nothing that is marked sent. */
  close(): Promise<void>;
  /** There may be something to do. */
  wake(): void;
}

export interface GatewaySettings {
  /** How long a grant lasts without renewal. Default 10 000. */
  readonly leaseMs: number;
  /** Longest a write may take at the socket; how long a new owner waits out, and how long the end waits for calls in flight. Default 5 000. */
  readonly writeTimeoutMs: number;
  /** A gateway isn't held any more within this of its lease's end. Default 500. */
  readonly leaseMarginMs: number;
  /** Shortest between two gateways handed over for evenness. Default 60 000. */
  readonly moveEveryMs: number;
  /** Longest that the end waits for the database to take the gateways back; beyond it their leases end by themselves. Default 1 000. */
  readonly leaveWithinMs: number;
  /** Longest between two looks for writes that wait, when no notification comes. Default 1 000. */
  readonly pollMs: number;
}

export const defaultGatewaySettings: GatewaySettings = {
  leaseMs: 10_000,
  writeTimeoutMs: 5_000,
  leaseMarginMs: 500,
  moveEveryMs: 60_000,
  leaveWithinMs: 1_000,
  pollMs: 1_000,
};

export interface GatewayLog {
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface GatewaysParts {
  /** This replica's name. */
  readonly owner: string;
  readonly store: GatewayStore;
  /** Where writes of these gateways wait or are on their way. Not asked of `store`: no lease waits for a table of writes. */
  readonly busy: (gatewayIds: readonly string[]) => Promise<readonly string[]>;
  readonly signals: Signals;
  readonly timers: Timers;
  readonly settings: GatewaySettings;
  readonly log: GatewayLog;
  /** Takes a gateway up. The lease counts from `requestedAt`. Must not fail. */
  readonly create: (grant: GatewayGrant, requestedAt: number) => OwnedGateway;
}

interface Held {
  readonly gateway: OwnedGateway;
  accountIds: readonly string[];
  /** Monotonic: renewed until then. */
  heldUntil: number;
}

/** The gateways this replica owns: claims its share of those without a living owner, renews, evens out, hands over. */
export class Gateways {
  private readonly owned = new Map<string, Held>();
  /** Calls in flight of gateways that are ours no more. Only the end waits for these. */
  private readonly closing = new Set<Promise<void>>();
  private readonly renewals: Repeat;
  private readonly looks: Repeat;
  private readonly polls: Repeat;
  private subscriptions: readonly (() => void)[] = [];
  private stopped = false;
  private movedAt = -Infinity;
  /** Since when there are free gateways that are somebody else's share. */
  private leftSince: number | null = null;

  constructor(private readonly parts: GatewaysParts) {
    this.renewals = new Repeat(parts.timers, () => this.renew());
    this.looks = new Repeat(parts.timers, () => this.look());
    this.polls = new Repeat(parts.timers, () => this.poll());
  }

  /** Begins to own: resolves after the first look, whether or not it found any. */
  async start(): Promise<void> {
    this.subscriptions = [
      this.parts.signals.on('gateways', () => void this.looks.now()),
      this.parts.signals.on('intents', (gatewayId) => this.wake(gatewayId)),
    ];
    // first, so that those who look at the same moment know of us
    await this.renewals.now();
    await this.looks.now();
    void this.polls.now();
  }

  /** Whether this gateway is ours and its lease was confirmed to last for a while yet. */
  isHeld(gatewayId: string): boolean {
    const held = this.owned.get(gatewayId);
    return held !== undefined && this.isCurrent(held);
  }

  /** Ids of the accounts whose traffic is ours now. */
  get heldAccountIds(): readonly string[] {
    return [...this.owned.values()].filter((held) => this.isCurrent(held)).flatMap((held) => held.accountIds);
  }

  /**
   * Hands all over at once, with the routes that have a write under way, then lets these writes end. Without a database
   * that takes them back the leases end by themselves.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const unsubscribe of this.subscriptions) unsubscribe();
    const atRest = Promise.all([this.renewals.stop(), this.looks.stop(), this.polls.stop()]);
    const handovers = [...this.owned.values()].map((held) => this.letGo(held));
    const { owner, store, settings, log } = this.parts;
    const left = store
      .leave(owner, handovers)
      .catch((error: unknown) =>
        log.warn('could not hand the gateways over; their leases end by themselves', { error }),
      );
    await this.within(settings.leaveWithinMs, Promise.all([left, atRest]));
    await this.within(settings.writeTimeoutMs, Promise.all(this.closing));
  }

  /** Prolongs the leases. Returns in how many ms it is to be done again. */
  private async renew(): Promise<number> {
    const { owner, settings, store, timers, log } = this.parts;
    const held = [...this.owned.entries()];
    const requestedAt = timers.now();
    try {
      const renewals = held.map(([, { gateway }]) => ({ ...gateway.fence, spending: gateway.spending() }));
      const renewed = new Map(
        (await store.renew(owner, renewals, settings.leaseMs)).map((one) => [one.gatewayId, one]),
      );
      for (const [gatewayId, one] of held) {
        if (this.owned.get(gatewayId) !== one) continue;
        const terms = renewed.get(gatewayId);
        if (!terms) {
          log.warn('gateway lost: another replica owns it, or no account stands on it any more', named(one));
          this.letGo(one);
          continue;
        }
        one.heldUntil = requestedAt + settings.leaseMs - settings.leaseMarginMs;
        one.accountIds = terms.accountIds;
        one.gateway.renewed(requestedAt, settings.leaseMs, terms.budget);
      }
      return settings.leaseMs / 3;
    } catch (error) {
      log.warn('leases of gateways could not be renewed; it is tried again', { gateways: held.length, error });
      return settings.leaseMs / 12;
    }
  }

  /** Behind a lost notification stands this: one statement for all our gateways, however many. */
  private async poll(): Promise<number> {
    const { busy, settings, log } = this.parts;
    try {
      if (this.owned.size > 0)
        for (const gatewayId of await busy([...this.owned.keys()])) this.owned.get(gatewayId)?.gateway.wake();
    } catch (error) {
      log.warn('could not look for writes that wait; it is tried again', { error });
    }
    return settings.pollMs;
  }

  /** Takes our share of what is free, or hands one over. Returns in how many ms it is to look again. */
  private async look(): Promise<number> {
    const { owner, settings, store, log } = this.parts;
    const pollMs = settings.leaseMs / 2;
    try {
      const spread = await store.spread(owner);
      if (this.stopped) return pollMs;
      const most = this.mostOf(spread);
      if (most > 0) await this.claim(most);
      else if (hasTooMany(owner, spread)) await this.handOneOver();
      // what dies between two looks is taken when its lease ends, not half a lease later
      return Math.min(pollMs, Math.max(settings.leaseMs / 20, spread.nextEndInMs ?? pollMs));
    } catch (error) {
      log.warn('could not look for free gateways; it is tried again', { error });
      return pollMs;
    }
  }

  /** Our share; everything, where what is another's share has been left lying for half a lease. */
  private mostOf(spread: Spread): number {
    const now = this.parts.timers.now();
    const mine = shareOfFree(this.parts.owner, spread);
    if (spread.free === mine) this.leftSince = null;
    else this.leftSince ??= now;
    return this.leftSince !== null && now - this.leftSince >= this.parts.settings.leaseMs / 2 ? spread.free : mine;
  }

  private async claim(most: number): Promise<void> {
    const { owner, settings, store, timers, log, create } = this.parts;
    const requestedAt = timers.now();
    const grants = await store.claim(owner, settings.leaseMs, settings.writeTimeoutMs, most);
    if (this.stopped) {
      await store.leave(
        owner,
        grants.map((fence) => ({ fence, inFlightRouteIds: [] })),
      );
      return;
    }
    for (const grant of grants) {
      // ours already, with a lease that ran out: what stands under the older epoch can't be sent any more
      const older = this.owned.get(grant.gatewayId);
      if (older) this.letGo(older);
      const gateway = create(grant, requestedAt);
      const heldUntil = requestedAt + settings.leaseMs - settings.leaseMarginMs;
      const held: Held = { gateway, accountIds: grant.accountIds, heldUntil };
      this.owned.set(grant.gatewayId, held);
      log.info('gateway claimed', { ...named(held), waitOutMs: Math.round(grant.writesInMs) });
      gateway.wake();
    }
  }

  private async handOneOver(): Promise<void> {
    const { settings, store, timers, log } = this.parts;
    if (timers.now() - this.movedAt < settings.moveEveryMs) return;
    const movable = [...this.owned.values()].filter((held) => !held.gateway.hasOpenEmergency());
    const held = movable.find((one) => one.gateway.inFlightRouteIds().length === 0) ?? movable[0];
    if (!held) return;
    this.movedAt = timers.now();
    log.info('gateway handed over: another replica has fewer', named(held));
    await store.release(this.letGo(held));
  }

  /** Ours no more from now on. Its calls in flight end by themselves: nobody waits for them here. */
  private letGo(held: Held): Handover {
    const { gateway } = held;
    if (this.owned.get(gateway.fence.gatewayId) === held) this.owned.delete(gateway.fence.gatewayId);
    const closed: Promise<void> = gateway
      .close()
      .catch((error: unknown) => this.parts.log.warn('a gateway did not close in order', { ...named(held), error }))
      .then(() => void this.closing.delete(closed));
    this.closing.add(closed);
    return { fence: gateway.fence, inFlightRouteIds: gateway.inFlightRouteIds() };
  }

  private isCurrent(held: Held): boolean {
    return this.parts.timers.now() < held.heldUntil;
  }

  private wake(gatewayId: string): void {
    for (const held of gatewayId === '' ? this.owned.values() : [this.owned.get(gatewayId)]) held?.gateway.wake();
  }

  private async within(ms: number, work: Promise<unknown>): Promise<void> {
    const { timers } = this.parts;
    await new Promise<void>((resolve) => {
      const timer = timers.after(ms, resolve);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function named({ gateway: { fence } }: Held): Readonly<Record<string, unknown>> {
  return { gatewayId: fence.gatewayId, epoch: fence.epoch.toString() };
}
