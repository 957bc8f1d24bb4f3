import { setMaxListeners } from 'node:events';
import {
  readBatchSize,
  subjectKinds,
  type Fact,
  type Ownership,
  type ReadPriority,
  type SubjectKind,
  type TargetHealth,
  type WatchedSubject,
} from '@sluice/domain';
import type { ExternalFailure } from '../ports/external-failure.js';
import type { ActionFact, FactWrite, Wants, WatchedHealth } from '../ports/fact-store.js';
import type { ExternalFailureLike } from '../ports/load-balancer.js';
import type { Timer } from '../ports/timers.js';
import { AccountTroubles, concernsAccount, NoAccess, retryAfterMs } from './account-troubles.js';
import { GatewayRequests, type RequestParts } from './gateway-requests.js';
import { factOf, LookKeeper, unseenLook, type KeeperParts } from './look-keeper.js';
import type { Look } from './looks.js';
import type { ReaderSettings } from './reader-settings.js';
import type { LeadableReader } from './gateway.js';
import type { RouteToRead, SendRead, WrittenLately } from './reads-for-sends.js';
import { Refresher } from './refresher.js';
import { SharedReads, yetToBegin, type Seen, type SeenByArn } from './shared-reads.js';
import { subjectKey, WatchList, type WantedRoute } from './watch-list.js';

/** What a reader tells the logs: transitions, not looks. */
export interface ReaderLog {
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export type ReaderParts = Omit<RequestParts, 'signal' | 'timeoutMs'> &
  Pick<KeeperParts, 'facts' | 'fence'> & {
    /** Somebody else owns the gateway: the reader has stopped by itself. */
    readonly onLost: () => void;
    readonly settings: ReaderSettings;
    readonly log: ReaderLog;
  };

/**
 * The looking of one gateway, while this replica owns it. What to look at is derived from rows, when it starts, when it is
 * told, and once per period; each look fires by timer when it is due and the budget gives.
 */
export class GatewayReader implements LeadableReader {
  private readonly ended = new AbortController();
  private readonly watch: WatchList;
  private readonly keeper: LookKeeper;
  private readonly troubles = new AccountTroubles();
  private readonly actions: SharedReads<RouteToRead, ActionFact>;
  private readonly owners: SharedReads<WantedRoute, unknown>;
  private readonly health: SharedReads<{ readonly arn: string }, TargetHealth>;
  /** By account and route: what our last verified write there was. */
  private readonly written = new Map<string, WrittenLately>();
  private readonly underWay = new Map<string, WatchedSubject>();
  private readonly looking = new Set<Promise<void>>();
  private timer: Timer | null = null;
  private readonly wants: Refresher;
  /** Account records that our own side keeps us from asking. */
  private readonly unasked = new Set<string>();

  constructor(private readonly parts: ReaderParts) {
    const { settings, timers, budget } = parts;
    // every request under way listens to it
    setMaxListeners(0, this.ended.signal);
    this.watch = new WatchList(settings.minPeriodMs, budget.readsPerSecond);
    this.keeper = new LookKeeper({
      ...parts,
      ...settings,
      writtenLately: (accountId, arn) => this.written.get(`${accountId} ${arn}`) ?? null,
      onFenced: () => this.lost(),
      onFailed: (error) =>
        parts.log.warn('looks could not be stored; they are kept and tried again', this.with({ error })),
    });
    this.wants = new Refresher({
      timers,
      work: () => this.derive(),
      everyMs: () => this.watch.periods.usualMs,
      onFailed: (error) => parts.log.warn('what to look at cannot be read; the old list stands', this.with({ error })),
    });
    const requests = new GatewayRequests({ ...parts, timeoutMs: settings.timeoutMs, signal: this.ended.signal });
    const actions = requests.actions((accountId, shown) =>
      this.saw('action', accountId, shown, (arn, one) => ({ kind: 'action', accountId, arn, fact: factOf(one) })),
    );
    const owners = requests.owners((accountId, shown) =>
      this.saw('owner', accountId, shown, (arn, one) => ({ kind: 'owner', accountId, arn, fact: factOf(one) })),
    );
    const health = requests.health((accountId, shown) =>
      this.saw('health', accountId, shown, (arn, one) => ({ kind: 'health', accountId, arn, fact: factOf(one) })),
    );
    this.actions = new SharedReads(readBatchSize, actions, timers, (route) =>
      route.isDefault ? 'listeners' : 'rules',
    );
    this.owners = new SharedReads(readBatchSize, owners, timers);
    this.health = new SharedReads(1, health, timers);
  }

  /** Goes on from what is stored. Rejects when that can't be read; nothing has begun then. */
  async start(): Promise<void> {
    await this.keeper.load();
    await this.wants.start();
  }

  get lookEveryMs(): number {
    return Math.round(this.watch.periods.usualMs);
  }

  /** Routes or rollouts may have changed. Cheap; calls that come while one is under way are folded into one more. */
  wantsChanged(): void {
    this.wants.kick();
  }

  /** A person says that what kept us out is mended: whatever waits to be tried again is tried now. */
  retryNow(): void {
    const now = this.parts.timers.now();
    for (const one of this.watch.waiting())
      this.watch.looked(one.kind, one.accountId, one.arn, now, { retryMs: 0, isAlone: one.isAlone });
    this.pump();
  }

  async readForSend(
    accountId: string,
    routes: readonly RouteToRead[],
    notBefore: number,
    priority: ReadPriority,
  ): Promise<ReadonlyMap<string, SendRead | ExternalFailureLike>> {
    const seen = await this.actions.ask(accountId, routes, notBefore, priority);
    return new Map(
      [...seen].map(([arn, { outcome, at }]) => [
        arn,
        outcome.ok ? { action: outcome.value, at } : { failure: outcome.failure },
      ]),
    );
  }

  async healthNow(accountId: string, targetGroupArn: string, priority: ReadPriority): Promise<Fact<TargetHealth>> {
    const seen = await this.health.ask(accountId, [{ arn: targetGroupArn }], yetToBegin, priority);
    return factOf(seen.get(targetGroupArn)!);
  }

  watchedHealth(accountId: string, targetGroupArn: string): WatchedHealth | null {
    const known = this.keeper.newest('health', accountId, targetGroupArn);
    return known?.kind === 'health' ? known.watched : null;
  }

  ownerOf(accountId: string, routeArn: string): Ownership | null {
    const known = this.keeper.newest('owner', accountId, routeArn);
    return known?.kind === 'owner' && known.watched.fact.ok ? known.watched.fact.value : null;
  }

  lastAction(accountId: string, routeArn: string): { readonly action: ActionFact; readonly ageMs: number } | null {
    const known = this.keeper.newest('action', accountId, routeArn);
    if (known?.kind !== 'action' || !known.watched.fact.ok) return null;
    const { value, at } = known.watched.fact;
    return { action: value, ageMs: Math.max(0, this.parts.clock.now() - at) };
  }

  sending(accountId: string, routeArn: string): void {
    this.written.delete(`${accountId} ${routeArn}`);
  }

  wrote(accountId: string, routeArn: string, written: WrittenLately, live: ActionFact | null): FactWrite | null {
    this.written.set(`${accountId} ${routeArn}`, written);
    if (live === null) return null;
    // a reply that lists everything as intended is a look, begun when the write was
    const at = this.parts.clock.now() - (this.parts.timers.now() - written.atMs);
    const look = { kind: 'action', accountId, arn: routeArn, fact: { ok: true, at, value: live } } as const;
    this.watch.looked('action', accountId, routeArn, written.atMs, { retryMs: null, isAlone: false });
    return this.keeper.keepUnstored(look, this.watch.periodOf('action', accountId, routeArn));
  }

  /** Begins nothing more, breaks off what is under way and stores what was seen. */
  async stop(): Promise<void> {
    this.end();
    await Promise.allSettled([...this.looking]);
    await this.wants.ended();
    await this.keeper.close();
  }

  private end(): void {
    this.ended.abort(new Error('this replica no longer reads for the gateway'));
    this.timer?.cancel();
    this.wants.stop();
  }

  private lost(): void {
    // who stops has let go of it before: that is no news
    if (this.ended.signal.aborted) return;
    this.end();
    this.parts.log.warn('another replica owns the gateway; nothing more is read here', this.with({}));
    this.parts.onLost();
  }

  private async derive(): Promise<void> {
    const wants = await this.parts.facts.wants(this.parts.fence.gatewayId);
    const isNew = wants.routes.some(({ accountId, arn }) => !this.keeper.newest('owner', accountId, arn));
    if (isNew) await this.keeper.load();
    this.watch.want(wants, (key) => this.keeper.seenAt(key));
    this.lookFresh(wants);
    this.replan();
    this.keeper.forget((kind, accountId, arn) => this.watch.has(kind, accountId, arn));
    this.actions.forget((accountId, arn) => this.watch.has('action', accountId, arn));
    this.owners.forget((accountId, arn) => this.watch.has('owner', accountId, arn));
    this.health.forget((accountId, arn) => this.watch.has('health', accountId, arn));
    this.pump();
  }

  /** What somebody asked for; it comes last in the budget, and who asks twice meanwhile is answered once. */
  private lookFresh({ fresh, routes }: Wants): void {
    const now = this.parts.timers.now();
    for (const { accountId, kind, arn } of fresh) {
      const route = routes.find((one) => one.accountId === accountId && one.arn === arn);
      const asked: Promise<unknown> =
        kind === 'health'
          ? this.health.ask(accountId, [{ arn }], now, 'fresh')
          : this.actions.ask(accountId, route ? [route] : [], now, 'fresh');
      const stored = asked.then(() => this.keeper.storeNow());
      stored.catch((error: unknown) => {
        if (this.ended.signal.aborted) return;
        this.parts.log.warn('a look that was asked for could not be made', this.with({ accountId, arn, error }));
      });
    }
  }

  private replan(): void {
    this.watch.plan(this.parts.budget.readsPerSecond, (accountId) => this.troubles.isOut(accountId));
  }

  /** Begins all that is due and free, and sets the timer for what comes next. */
  private pump(): void {
    this.timer?.cancel();
    this.timer = null;
    if (this.ended.signal.aborted) return;
    if (this.watch.isOffPlan(this.parts.budget.readsPerSecond)) this.replan();
    const now = this.parts.timers.now();
    const next = () => this.watch.next(now, this.isFree());
    for (let subjects = next(); subjects.length > 0; subjects = next()) this.look(subjects);
    const dueAt = this.watch.nextDueAt(this.isFree());
    if (dueAt !== null) this.timer = this.parts.timers.after(dueAt - now, () => this.pump());
  }

  /** Not under way, and its account has a place for one more look. */
  private isFree(): (subject: WatchedSubject) => boolean {
    const looks = new Map<string, Set<string>>();
    for (const { accountId, batch } of this.underWay.values())
      looks.set(accountId, (looks.get(accountId) ?? new Set()).add(batch));
    return ({ kind, accountId, arn }) =>
      !this.underWay.has(subjectKey(kind, accountId, arn)) &&
      (looks.get(accountId)?.size ?? 0) < this.placesOf(accountId);
  }

  /** Who isn't let in is asked one question at a time. */
  private placesOf(accountId: string): number {
    return this.troubles.isOut(accountId) ? 1 : this.parts.settings.concurrency;
  }

  private look(subjects: readonly WatchedSubject[]): void {
    for (const one of subjects) this.underWay.set(subjectKey(one.kind, one.accountId, one.arn), one);
    const done: Promise<void> = this.ask(subjects)
      .catch((error: unknown) => this.couldNotAsk(subjects, error))
      .finally(() => {
        for (const one of subjects) this.underWay.delete(subjectKey(one.kind, one.accountId, one.arn));
        this.looking.delete(done);
        this.pump();
      });
    this.looking.add(done);
  }

  private async ask(subjects: readonly WatchedSubject[]): Promise<void> {
    const [first] = subjects;
    if (!first) return;
    const { kind, accountId } = first;
    const routes = subjects.flatMap(({ arn }) => this.watch.route(accountId, arn) ?? []);
    if (kind === 'health') await this.health.ask(accountId, subjects, yetToBegin, 'watch');
    else if (kind === 'action') await this.actions.ask(accountId, routes, yetToBegin, 'watch', first.isAlone);
    else await this.owners.ask(accountId, routes, yetToBegin, 'watch', first.isAlone);
  }

  /** Nothing was learned, of AWS neither: our database, or a fault of ours. */
  private couldNotAsk(subjects: readonly WatchedSubject[], error: unknown): void {
    if (this.ended.signal.aborted) return;
    const [accountId] = subjects.map((one) => one.accountId);
    if (accountId !== undefined && !this.unasked.has(accountId)) {
      this.unasked.add(accountId);
      this.parts.log.warn('looks cannot be made; they are tried again', this.with({ accountId, error }));
    }
    const next = { retryMs: retryAfterMs(1), isAlone: false };
    for (const one of subjects) this.watch.looked(one.kind, one.accountId, one.arn, this.parts.timers.now(), next);
  }

  /** Every request ends here, whoever asked: what it shows is a look. */
  private saw<T>(
    kind: SubjectKind,
    accountId: string,
    shown: SeenByArn<T>,
    lookOf: (arn: string, seen: Seen<T>) => Look,
  ): void {
    this.unasked.delete(accountId);
    let refused: (Seen<T> & { readonly failure: ExternalFailure }) | null = null;
    for (const [arn, seen] of shown) {
      const next = this.keeper.keep(lookOf(arn, seen), seen, this.watch.periodOf(kind, accountId, arn));
      this.watch.looked(kind, accountId, arn, seen.at, next);
      if (!seen.outcome.ok && concernsAccount(seen.outcome.failure))
        refused = { ...seen, failure: seen.outcome.failure };
    }
    if (refused) this.shutOut(accountId, refused.failure instanceof NoAccess ? subjectKinds : [kind], refused);
    else if ([...shown.values()].some((seen) => seen.outcome.ok)) this.letIn(kind, accountId);
  }

  /** Who isn't let in is asked again with growing pauses, by one request for all; meanwhile nobody can say what is there. */
  private shutOut(
    accountId: string,
    kinds: readonly SubjectKind[],
    { failure, at, clockAt }: Seen<unknown> & { readonly failure: ExternalFailure },
  ): void {
    const { code, message } = failure;
    if (!this.troubles.isOut(accountId))
      this.parts.log.warn(
        'an account record lets nobody in; its facts say so',
        this.with({ accountId, code, message }),
      );
    const now = this.parts.timers.now();
    const next = { retryMs: this.troubles.refused(accountId, kinds, at, now), isAlone: false };
    const seen: Seen<never> = { outcome: { ok: false, failure }, at, clockAt };
    for (const one of this.watch.of(accountId, kinds)) {
      this.keeper.keep(unseenLook(one, factOf(seen)), seen, one.periodMs);
      this.watch.looked(one.kind, accountId, one.arn, now, next);
    }
    this.replan();
  }

  private letIn(kind: SubjectKind, accountId: string): void {
    if (!this.troubles.letIn(accountId, kind)) return;
    if (!this.troubles.isOut(accountId))
      this.parts.log.info('an account record lets us in again', this.with({ accountId }));
    const now = this.parts.timers.now();
    for (const one of this.watch.of(accountId, [kind])) {
      if (one.retryMs !== null) this.watch.looked(kind, accountId, one.arn, now, { retryMs: 0, isAlone: false });
    }
    this.replan();
  }

  private with(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return { gatewayId: this.parts.fence.gatewayId, ...fields };
  }
}
