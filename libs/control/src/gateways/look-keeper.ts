import { isFresh, sameWeights, type Fact, type SubjectKind, type WatchedSubject } from '@sluice/domain';
import type { Clock } from '../context.js';
import type { FactStore, FactWrite } from '../ports/fact-store.js';
import type { GatewayFence } from '../ports/gateway-store.js';
import type { Timers } from '../ports/timers.js';
import { retryAfterMs } from './account-troubles.js';
import { FactRecorder } from './fact-recorder.js';
import { joinLook, type Look } from './looks.js';
import type { WrittenLately } from './reads-for-sends.js';
import type { Seen } from './shared-reads.js';
import { subjectKey, type Next } from './watch-list.js';

export interface KeeperParts {
  readonly facts: FactStore;
  readonly fence: GatewayFence;
  readonly timers: Timers;
  readonly clock: Clock;
  /** How long looks that bring no news may wait for others to be stored with. */
  readonly recordDelayMs: number;
  /** For how long after a verified write a look that shows what was before it is a lag. */
  readonly lagMs: number;
  readonly writtenLately: (accountId: string, arn: string) => WrittenLately | null;
  readonly onFenced: () => void;
  readonly onFailed: (error: unknown) => void;
}

const lagRetryMs = 5_000;
const forgottenAfterMs = 3_600_000;

/** What a gateway has seen: joins looks to what was seen before, and stores what is news or as young as it gets. */
export class LookKeeper {
  /** By `subjectKey`. */
  private readonly known = new Map<string, FactWrite>();
  /** Failed looks in a row, by `subjectKey`. */
  private readonly failures = new Map<string, number>();
  private readonly recorder: FactRecorder;

  constructor(private readonly parts: KeeperParts) {
    this.recorder = new FactRecorder({ ...parts, delayMs: parts.recordDelayMs });
  }

  /** Takes what is stored where it is newer: a former owner's looks, and those of who registered a route. */
  async load(): Promise<void> {
    for (const write of await this.parts.facts.load(this.parts.fence.gatewayId)) {
      const key = subjectKey(write.kind, write.accountId, write.arn);
      const known = this.known.get(key);
      if (!known || known.watched.fact.at < write.watched.fact.at) this.known.set(key, write);
    }
  }

  /** What is known of a subject; undefined = it was never looked at. */
  newest(kind: SubjectKind, accountId: string, arn: string): FactWrite | undefined {
    return this.known.get(subjectKey(kind, accountId, arn));
  }

  /** When the last look began, in monotonic ms; null = there was none. */
  seenAt(key: string): number | null {
    const at = this.known.get(key)?.watched.fact.at;
    if (at === undefined) return null;
    const now = this.parts.timers.now();
    // an owner whose clock ran ahead of ours must not make us wait
    return Math.min(now, now + at - this.parts.clock.now());
  }

  /** Takes one look in, and says when the next one is due. */
  keep(look: Look, seen: Seen<unknown>, periodMs: number): Next {
    const key = subjectKey(look.kind, look.accountId, look.arn);
    const failure = seen.outcome.ok ? null : seen.outcome.failure;
    if (this.lags(look, seen.at)) return { retryMs: Math.min(lagRetryMs, periodMs), isAlone: false };
    // a throttle says nothing of the subject: it is told when what was seen before doesn't count any more
    const before = this.known.get(key);
    const isKept = failure?.throttled === true && before?.watched.fact.ok && isFresh(before.watched, look.fact.at);
    if (!isKept) this.join(key, before, look, periodMs);
    if (failure === null) this.failures.delete(key);
    if (failure?.kind !== 'transient') return { retryMs: null, isAlone: failure !== null };
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    // often enough that one success within two periods continues what was seen
    return { retryMs: Math.min(periodMs / 2, retryAfterMs(failures)), isAlone: false };
  }

  /** Takes in a look that the caller stores, in place of whatever older one waits to be. */
  keepUnstored(look: Look, periodMs: number): FactWrite {
    const key = subjectKey(look.kind, look.accountId, look.arn);
    const { write } = joinLook(this.known.get(key), look, periodMs);
    this.known.set(key, write);
    this.failures.delete(key);
    this.recorder.forget(key);
    return write;
  }

  /** Forgets what is no longer watched and was last seen an hour ago. */
  forget(isWatched: (kind: SubjectKind, accountId: string, arn: string) => boolean): void {
    const oldest = this.parts.clock.now() - forgottenAfterMs;
    for (const [key, { kind, accountId, arn, watched }] of this.known) {
      if (isWatched(kind, accountId, arn) || watched.fact.at >= oldest) continue;
      this.known.delete(key);
      this.failures.delete(key);
    }
  }

  /** Somebody waits to see what was seen. */
  storeNow(): void {
    this.recorder.storeNow();
  }

  /** Stores what is left. */
  close(): Promise<void> {
    return this.recorder.close();
  }

  private join(key: string, before: FactWrite | undefined, look: Look, periodMs: number): void {
    const { write, changed } = joinLook(before, look, periodMs);
    if (write.watched === before?.watched) return;
    this.known.set(key, write);
    this.recorder.add(key, write, changed);
  }

  private lags(look: Look, at: number): boolean {
    if (look.kind !== 'action' || !look.fact.ok) return false;
    const written = this.parts.writtenLately(look.accountId, look.arn);
    if (!written || at - written.atMs > this.parts.lagMs) return false;
    const live = look.fact.value.action.weights;
    return sameWeights(live, written.before) && !sameWeights(live, written.after);
  }
}

export function factOf<T>({ outcome, clockAt: at }: Seen<T>): Fact<T> {
  if (outcome.ok) return { ok: true, at, value: outcome.value };
  const { kind, code, message } = outcome.failure;
  return { ok: false, at, transient: kind === 'transient', code, message };
}

/** The look at a subject that nobody made, because its account lets nobody in. */
export function unseenLook({ kind, accountId, arn }: WatchedSubject, fact: Fact<never>): Look {
  switch (kind) {
    case 'action':
      return { kind, accountId, arn, fact };
    case 'health':
      return { kind, accountId, arn, fact };
    case 'owner':
      return { kind, accountId, arn, fact };
  }
}
