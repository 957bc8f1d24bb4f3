import type { Instant, RuleFinding, Weights } from '@sluice/domain';
import { durationText, isEmergency, sameWeights } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { ActionFact } from '../ports/fact-store.js';
import type { GatewayFence } from '../ports/gateway-store.js';
import type { ActionRead, AwsAccess, LoadBalancer, WriteOutcome } from '../ports/load-balancer.js';
import type { Timers } from '../ports/timers.js';
import type { ApiBucket } from './api-bucket.js';
import { NoAccess } from '../gateways/account-troubles.js';
import { backoffMs } from './backoff.js';
import type { Intent } from './intent.js';
import type { LaneLooks } from './lane-looks.js';
import type { LaneStore, Settlement } from './lane-store.js';
import { askPolicy, factsFor, failed, heldBack, wantedWeights, type Deferred, type Prepared } from './prepare.js';

/** Where a test or a fault drill may stop the process: every point between two awaits that matters. */
export type CrashPoint = 'beforeMarkSent' | 'afterMarkSent' | 'afterWrite' | 'afterSettle';

export interface ExecutorParts {
  readonly store: LaneStore;
  readonly loadBalancer: Pick<LoadBalancer, 'writeWeights'>;
  readonly looks: LaneLooks;
  readonly bucket: ApiBucket;
  readonly access: (accountId: string) => Promise<AwsAccess>;
  readonly timers: Timers;
  /** Postgres's present, for the age of facts. */
  readonly now: () => Instant;
  readonly writeTimeoutMs: number;
  readonly onCall?: (call: { readonly op: string; readonly code: string; readonly durationMs: number }) => void;
  readonly onSettled?: (state: 'applied' | 'failed' | 'superseded') => void;
  readonly crashPoint?: (point: CrashPoint) => void;
}

/** What a write builds on. */
export interface BaseRead {
  readonly action: ActionFact;
  /** How old it is, where AWS refused to be read and the newest stored look has to do (emergencies); null = just read. */
  readonly storedAgeMs: number | null;
}

/** What the lane lets an attempt do, and is told of it. */
export interface Attempt {
  readonly fence: GatewayFence;
  /** How long a call may take, asked again right before its bytes are written. */
  readonly timeLeftMs: () => number;
  /** When the lease ends for bytes, in `Timers.now()`. */
  readonly sendBefore: () => number;
  /** Aborted when something newer covers the intent: its call is broken off, and read back like any other in doubt. */
  readonly signal: AbortSignal;
  /** The socket of this route's write is closed: from now on nothing of it can be on its way. */
  readonly socketClosed: () => void;
  /** The intent has ended: nothing of it waits any more. */
  readonly ended: () => void;
}

/**
 * Carries out one intent. It decides nothing: what was decided is resolved on a fresh read, asked of the policy once
 * more, sent once, and settled by what AWS says or, where that is doubtful, by what a read finds (rule 7).
 *
 *   pending --markSent--> sent --reply--> applied | failed
 *      |  ^                 \--doubt--> read back --> applied | superseded | failed | pending
 *      |  '-- deferred (a rule holds it, AWS is slow, throttled)
 *      '----> applied (live already) | superseded (a guard moved, live weights moved) | failed (refused)
 *
 * Invariants: at most one socket per route is open; whatever was marked sent is settled by its reply or by a read that
 * began after its socket closed; weights are stored before they are sent.
 */
export class IntentExecutor {
  constructor(private readonly parts: ExecutorParts) {}

  /** With what was just read of its route. */
  async execute(attempt: Attempt, intent: Intent, base: BaseRead): Promise<void> {
    const { store, timers } = this.parts;
    const prepared = await this.prepare(intent, base.action);
    if (prepared.kind !== 'send') return this.notSent(attempt.fence, intent, prepared);
    const access = await this.accessOf(attempt.fence, intent);
    if (access === null) return;
    const token = this.parts.bucket.take(intent.purpose);
    if (token !== 'taken') return; // still pending; the lane asks again when there is one
    this.parts.crashPoint?.('beforeMarkSent');
    const limitMs = attempt.timeLeftMs();
    if (limitMs <= 0) return;
    const marked = await store.markSent(attempt.fence, intent.id, limitMs, prepared.after);
    if (marked !== 'sent') return;
    this.parts.crashPoint?.('afterMarkSent');
    await this.send(attempt, access, intent, base, prepared, timers.now());
    this.parts.crashPoint?.('afterSettle');
  }

  /** What holds it back whatever its route would show; null = it may be read for, and go. */
  heldBack(intent: Intent): Deferred | null {
    return heldBack(intent, this.parts.looks, this.parts.now());
  }

  defer(attempt: Attempt, intent: Intent, deferred: Deferred): Promise<void> {
    return this.notSent(attempt.fence, intent, deferred);
  }

  /** The route couldn't be read before the write. An emergency whose account can't be had waits for it, as in `accessOf`. */
  async unread(attempt: Attempt, intent: Intent, failure: ExternalFailure): Promise<void> {
    const waits = failure.kind === 'transient' || (failure instanceof NoAccess && isEmergency(intent.purpose));
    if (!waits)
      return this.settle(
        attempt.fence,
        intent,
        failed(
          failure.code,
          `The route could not be read before the write: ${failure.message}`,
          null,
          failure.requestId,
        ),
      );
    await this.parts.store.defer(attempt.fence, intent.id, backoffMs(intent.attempts), {
      reason: failure.code,
      message: `Waiting for AWS: ${failure.message} (${failure.code}).`,
    });
  }

  /** An intent of an older epoch, or of a call that broke off: whatever is live decides. False = can't be read now, try again. */
  async settleOrphan(fence: GatewayFence, intent: Intent): Promise<boolean> {
    const read = await this.readAgain(intent);
    if (!(read instanceof ExternalFailure)) {
      await this.settleByReading(fence, intent, intent.after, read, 'found after a restart or a change of owner');
      return true;
    }
    if (read.kind === 'transient') {
      const message = `Sent, and its outcome can't be read back from AWS yet (${read.code}); it is tried again.`;
      await this.parts.store.remark(fence, intent.id, { reason: read.code, message });
      return false;
    }
    const message = `The write's outcome could not be read back (${read.code}): ${read.message}`;
    await this.settle(fence, intent, failed('OutcomeUnknown', message, null, read.requestId));
    return true;
  }

  private async prepare(intent: Intent, read: ActionFact): Promise<Prepared> {
    const live = read.action.weights;
    const wanted = wantedWeights(intent, live);
    if (wanted.kind !== 'send') return wanted;
    const { looks, timers, now } = this.parts;
    const within = (ms: number) => new Promise((resolve) => timers.after(ms, () => resolve(undefined)));
    const facts = await factsFor(intent, live, wanted.after, looks, now(), within);
    return askPolicy(intent, live, wanted.after, { ...facts, now: now() }, looks);
  }

  private async notSent(fence: GatewayFence, intent: Intent, prepared: Exclude<Prepared, { kind: 'send' }>) {
    if (prepared.kind === 'settle') return this.settle(fence, intent, prepared);
    await this.parts.store.defer(fence, intent.id, prepared.delayMs, prepared.why);
  }

  /** An account whose credentials can't be had is a failure of its own writes, and of nobody else's; an emergency stays and waits for them. */
  private async accessOf(fence: GatewayFence, intent: Intent): Promise<AwsAccess | null> {
    try {
      return await this.parts.access(intent.accountId);
    } catch (error) {
      const reason = (error as { reason?: string }).reason ?? 'AccountUnreadable';
      const message = error instanceof Error ? error.message : 'the account can not be reached';
      const why = { reason, message: `Not written: ${message} (${reason}).` };
      if (isEmergency(intent.purpose)) await this.parts.store.defer(fence, intent.id, backoffMs(intent.attempts), why);
      else await this.settle(fence, intent, failed(reason, why.message, null));
      return null;
    }
  }

  private async send(
    attempt: Attempt,
    access: AwsAccess,
    intent: Intent,
    { action: base, storedAgeMs }: BaseRead,
    prepared: Extract<Prepared, { kind: 'send' }>,
    startedMs: number,
  ): Promise<void> {
    const { after, notes } = prepared;
    let outcome: WriteOutcome;
    try {
      const sendBefore = attempt.sendBefore();
      const timeoutMs = attempt.timeLeftMs();
      if (timeoutMs <= 0) {
        attempt.socketClosed();
        return void (await this.parts.store.defer(attempt.fence, intent.id, 0, {
          reason: 'LeaseEnding',
          message: 'The lease was too short for the call; the gateway is handed on.',
        }));
      }
      this.parts.looks.sending(intent.accountId, intent.routeArn);
      outcome = await this.timed(base.isDefault ? 'ModifyListener' : 'ModifyRule', startedMs, () =>
        this.parts.loadBalancer.writeWeights(access, base, after, { timeoutMs, sendBefore, signal: attempt.signal }),
      );
      this.parts.bucket.succeeded();
    } catch (error) {
      attempt.socketClosed();
      return this.afterFailedWrite(attempt, intent, after, error);
    }
    attempt.socketClosed();
    this.parts.crashPoint?.('afterWrite');
    if (!outcome.verified)
      return this.readBack(
        attempt,
        intent,
        after,
        outcome.unverified ?? 'the reply did not list the weights as intended',
      );
    const written = { before: base.action.weights, after, atMs: startedMs };
    const live = outcome.live && withoutListener(outcome.live);
    const look = this.parts.looks.wrote(intent.accountId, intent.routeArn, written, live);
    const settled = await this.end(attempt.fence, intent, {
      state: 'applied',
      message: `Written, and verified by the reply.${ageText(storedAgeMs)}${notesText(notes)}`,
      live: after,
      requestId: outcome.requestId,
      look,
    });
    if (settled) attempt.ended();
  }

  private async afterFailedWrite(attempt: Attempt, intent: Intent, after: Weights, error: unknown): Promise<void> {
    if (!(error instanceof ExternalFailure)) throw error;
    if (error.throttled) {
      this.parts.bucket.throttled();
      return void (await this.parts.store.defer(attempt.fence, intent.id, backoffMs(intent.attempts), {
        reason: error.code,
        message: 'AWS throttles this account; the write is tried again more slowly.',
      }));
    }
    if (error.kind === 'terminal' && !error.ambiguous)
      return this.settle(attempt.fence, intent, failed(error.code, error.message, null, error.requestId));
    await this.readBack(attempt, intent, after, `${error.code}: ${error.message}`);
  }

  /**
   * What became of a write whose outcome is unknown. Where it doesn't show, it is looked for once more after as long as
   * a write may take: its effect may come late, and a read may lag behind.
   */
  private async readBack(attempt: Attempt, intent: Intent, after: Weights, doubt: string): Promise<void> {
    let live = await this.readInDoubt(intent);
    if (!(live instanceof ExternalFailure) && !sameWeights(live.action.weights, after)) {
      await this.pause(this.parts.writeTimeoutMs);
      live = await this.readInDoubt(intent);
    }
    if (!(live instanceof ExternalFailure))
      return this.settleByReading(attempt.fence, intent, after, live, `in doubt (${doubt})`);
    const message = `A write was in doubt (${doubt}), and its route could not be read back (${live.code}: ${live.message}). Read the route, then reassert or adopt.`;
    await this.settle(attempt.fence, intent, failed('OutcomeUnknown', message, null));
  }

  /** Reads until AWS answers, five times; the failure after that: a person has to look. */
  private async readInDoubt(intent: Intent): Promise<ActionFact | ExternalFailure> {
    for (let attempt = 0; ; attempt += 1) {
      const read = await this.readAgain(intent);
      if (!(read instanceof ExternalFailure) || read.kind === 'terminal' || attempt === 4) return read;
      await this.pause(backoffMs(attempt));
    }
  }

  /** In a request that begins now, so after the socket of any write of ours has closed. */
  private async readAgain(intent: Intent): Promise<ActionFact | ExternalFailure> {
    const { looks, timers } = this.parts;
    const priority = isEmergency(intent.purpose) ? 'emergency' : 'send';
    const found = await looks.readForSend(
      intent.accountId,
      [{ arn: intent.routeArn, isDefault: intent.isDefault, listenerArn: intent.listenerArn }],
      timers.now(),
      priority,
    );
    const read = found.get(intent.routeArn);
    if (!read) throw new Error(`no answer for route ${intent.routeArn}`);
    return 'failure' in read ? read.failure : read.action;
  }

  private async settleByReading(
    fence: GatewayFence,
    intent: Intent,
    after: Weights,
    live: ActionFact,
    doubt: string,
  ): Promise<void> {
    const seen = live.action.weights;
    if (sameWeights(seen, after))
      return this.settle(fence, intent, {
        kind: 'settle',
        outcome: {
          state: 'applied',
          message: `Verified by reading; its outcome was ${doubt}.`,
          live: seen,
          requestId: null,
        },
      });
    const mayGoAgain = intent.before === null || sameWeights(seen, intent.before);
    if (mayGoAgain || intent.covered) {
      // where something newer covers it, the store ends it instead
      await this.parts.store.defer(fence, intent.id, 0, {
        reason: 'NotApplied',
        message: `Not applied (${doubt}).`,
      });
      return;
    }
    const message = `Live weights are neither what was there before nor what was sent; its outcome was ${doubt}.`;
    await this.settle(fence, intent, failed('LiveWeightsDiffer', message, seen));
  }

  private async settle(
    fence: GatewayFence,
    intent: Intent,
    { outcome }: Extract<Prepared, { kind: 'settle' }>,
  ): Promise<void> {
    await this.end(fence, intent, outcome);
  }

  /** False: fenced, or ended by somebody else. */
  private async end(fence: GatewayFence, intent: Intent, outcome: Settlement): Promise<boolean> {
    const hasEnded = await this.parts.store.settle(fence, intent.id, outcome);
    if (hasEnded) this.parts.onSettled?.(outcome.state);
    return hasEnded;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.parts.timers.after(ms, resolve));
  }

  private async timed<T>(op: string, startedMs: number, call: () => Promise<T>): Promise<T> {
    let code = 'OK';
    try {
      return await call();
    } catch (error) {
      code = error instanceof ExternalFailure ? error.code : 'Error';
      throw error;
    } finally {
      this.parts.onCall?.({ op, code, durationMs: this.parts.timers.now() - startedMs });
    }
  }
}

function withoutListener({ protocol: _protocol, port: _port, ...action }: ActionRead): ActionFact {
  return action;
}

function ageText(storedAgeMs: number | null): string {
  if (storedAgeMs === null) return '';
  return ` AWS refused to be read: it builds on what was seen ${durationText(storedAgeMs)} before.`;
}

/** What an emergency passed over, for whoever reads the ledger in the morning. */
function notesText(notes: readonly RuleFinding[]): string {
  return notes.length === 0 ? '' : ` ${notes.map((note) => note.message).join(' ')}`;
}
