import type { LiveRoute, Weights } from '@sluice/domain';
import { sameWeights } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer, RouteRead, WriteOutcome } from '../ports/load-balancer.js';
import type { ApiBucket } from './api-bucket.js';
import { backoffMs } from './backoff.js';
import type { Intent } from './intent.js';
import type { Fence, LaneStore, Settlement } from './lane-store.js';
import { weightsToSend, type WeightsToSend } from './weights-to-send.js';
import { healthOfReceivers, refuseReceivers } from './receivers.js';

/** Where a test or a fault drill may stop the process: every point between two awaits that matters. */
export type CrashPoint = 'beforeMarkSent' | 'afterMarkSent' | 'afterWrite' | 'afterSettle';

/** After this long a read that lagged behind is expected to be up to date. */
const confirmMs = 1_000;

/**
 * Carries out one intent. It decides nothing: the weights were decided; here they are checked against a fresh read,
 * sent once, and settled by what AWS answers or, where that is doubtful, by what a read finds (rule 7).
 */
export class IntentExecutor {
  constructor(
    private readonly parts: {
      readonly store: LaneStore;
      readonly loadBalancer: LoadBalancer;
      readonly bucket: (accountId: string) => ApiBucket;
      readonly writeTimeoutMs: number;
      readonly onCall?: (call: { readonly op: string; readonly code: string; readonly durationMs: number }) => void;
      readonly crashPoint?: (point: CrashPoint) => void;
    },
  ) {}

  async execute(fence: Fence, access: AwsAccess, intent: Intent, timeLeftMs: () => number): Promise<void> {
    const { store, loadBalancer } = this.parts;
    let live: RouteRead;
    let after: Weights;
    try {
      const read = await this.readBeforeWrite(access, intent);
      const { wanted } = read;
      live = read.live;
      if (!wanted.ok) return void (await store.settle(fence, intent.id, wanted.settlement));
      after = wanted.after;
      const refusal = refuseReceivers(
        intent,
        live,
        after,
        await healthOfReceivers(loadBalancer, access, intent, live, after),
      );
      if (refusal?.kind === 'wait') return void (await store.putBack(fence, intent.id, refusal.delayMs, refusal));
      if (refusal)
        return void (await store.settle(fence, intent.id, {
          state: 'failed',
          live: live.action.weights,
          requestId: null,
          ...refusal,
        }));
    } catch (error) {
      return this.afterFailedRead(fence, intent, error);
    }
    this.parts.crashPoint?.('beforeMarkSent');
    const limitMs = timeLeftMs();
    if (limitMs <= 0 || !(await store.markSent(fence, intent.id, limitMs, after))) return;
    this.parts.crashPoint?.('afterMarkSent');
    await this.send(fence, access, intent, live, after, timeLeftMs);
    this.parts.crashPoint?.('afterSettle');
  }

  /** Weights other than those of the decision are read twice before anybody is called: one read of AWS may lag behind (F26). */
  private async readBeforeWrite(
    access: AwsAccess,
    intent: Intent,
  ): Promise<{ live: RouteRead; wanted: WeightsToSend }> {
    const look = async () => {
      const live = await this.parts.loadBalancer.readRoute(access, intent.routeArn);
      return { live, wanted: weightsToSend(intent, live) };
    };
    const first = await look();
    const differs =
      !first.wanted.ok &&
      first.wanted.settlement.state === 'failed' &&
      first.wanted.settlement.reason === 'LiveWeightsDiffer';
    if (!differs) return first;
    await sleep(confirmMs);
    return look();
  }

  /** An intent of an older epoch: whatever is live decides. False = cannot be read now, try again. */
  async settleOrphan(fence: Fence, access: AwsAccess, intent: Intent): Promise<boolean> {
    try {
      const live = await this.parts.loadBalancer.readRoute(access, intent.routeArn);
      await this.settleByReading(fence, intent, intent.after, live, 'found after a restart or a change of owner');
      return true;
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      if (error.kind === 'transient') {
        const message = `Sent, and its outcome can't be read back from AWS yet (${error.code}); it is tried again.`;
        await this.parts.store.remark(fence, intent.id, { reason: error.code, message });
        return false;
      }
      return this.parts.store.settle(
        fence,
        intent.id,
        failed(
          'OutcomeUnknown',
          `The write's outcome could not be read back (${error.code}): ${error.message}`,
          null,
          error.requestId,
        ),
      );
    }
  }

  private async send(
    fence: Fence,
    access: AwsAccess,
    intent: Intent,
    base: RouteRead,
    after: Weights,
    timeLeftMs: () => number,
  ): Promise<void> {
    const bucket = this.parts.bucket(intent.accountId);
    let outcome: WriteOutcome;
    try {
      const timeoutMs = timeLeftMs();
      if (timeoutMs <= 0)
        return void (await this.parts.store.putBack(fence, intent.id, 0, {
          reason: 'LeaseEnding',
          message: 'The lease was too short for the call; the lane is handed on.',
        }));
      outcome = await this.timed(base.isDefault ? 'ModifyListener' : 'ModifyRule', () =>
        this.parts.loadBalancer.writeWeights(access, base, after, { timeoutMs }),
      );
      bucket.succeeded();
    } catch (error) {
      return this.afterFailedWrite(fence, access, intent, after, error);
    }
    this.parts.crashPoint?.('afterWrite');
    if (outcome.verified) {
      await this.parts.store.settle(fence, intent.id, {
        state: 'applied',
        message: 'Written, and verified by the reply.',
        live: after,
        requestId: outcome.requestId,
      });
      return;
    }
    await this.readBack(
      fence,
      access,
      intent,
      after,
      outcome.unverified ?? 'the reply did not list the weights as intended',
    );
  }

  private async afterFailedRead(fence: Fence, intent: Intent, error: unknown): Promise<void> {
    if (!(error instanceof ExternalFailure)) throw error;
    if (error.kind === 'terminal') {
      await this.parts.store.settle(
        fence,
        intent.id,
        failed(error.code, `The route could not be read before the write: ${error.message}`, null, error.requestId),
      );
      return;
    }
    await this.parts.store.putBack(fence, intent.id, backoffMs(intent.attempts), {
      reason: error.code,
      message: `Waiting for AWS: ${error.message}`,
    });
  }

  private async afterFailedWrite(
    fence: Fence,
    access: AwsAccess,
    intent: Intent,
    after: Weights,
    error: unknown,
  ): Promise<void> {
    if (!(error instanceof ExternalFailure)) throw error;
    if (error.throttled) {
      this.parts.bucket(intent.accountId).throttled();
      await this.parts.store.putBack(fence, intent.id, backoffMs(intent.attempts), {
        reason: error.code,
        message: 'AWS throttles this account; the write is tried again more slowly.',
      });
      return;
    }
    if (error.kind === 'terminal' && !error.ambiguous) {
      await this.parts.store.settle(fence, intent.id, failed(error.code, error.message, null, error.requestId));
      return;
    }
    await this.readBack(fence, access, intent, after, `${error.code}: ${error.message}`);
  }

  /**
   * What became of a write whose outcome is unknown. Where it doesn't show, it is looked for once more after as long as
   * a write may take: its effect may come late, and a read may lag behind.
   */
  private async readBack(
    fence: Fence,
    access: AwsAccess,
    intent: Intent,
    after: Weights,
    doubt: string,
  ): Promise<void> {
    let live = await this.readInDoubt(access, intent);
    if (live && !sameWeights(live.action.weights, after)) {
      await sleep(this.parts.writeTimeoutMs);
      live = await this.readInDoubt(access, intent);
    }
    if (live) return this.settleByReading(fence, intent, after, live, `in doubt (${doubt})`);
    await this.parts.store.settle(
      fence,
      intent.id,
      failed(
        'OutcomeUnknown',
        `AWS did not answer after a write that was ${doubt}. Read the route, then reassert or adopt.`,
        null,
        null,
      ),
    );
  }

  /** Reads until AWS answers, five times; null after that: a person has to look. */
  private async readInDoubt(access: AwsAccess, intent: Intent): Promise<LiveRoute | null> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        return await this.parts.loadBalancer.readRoute(access, intent.routeArn);
      } catch (error) {
        if (!(error instanceof ExternalFailure) || error.kind === 'terminal') throw error;
        await sleep(backoffMs(attempt));
      }
    }
    return null;
  }

  private async settleByReading(
    fence: Fence,
    intent: Intent,
    after: Weights,
    live: LiveRoute,
    doubt: string,
  ): Promise<void> {
    const seen = live.action.weights;
    if (sameWeights(seen, after)) {
      await this.parts.store.settle(fence, intent.id, {
        state: 'applied',
        message: `Verified by reading; its outcome was ${doubt}.`,
        live: seen,
        requestId: null,
      });
    } else if (intent.covered) {
      await this.parts.store.settle(fence, intent.id, {
        state: 'superseded',
        message: `Not applied; its outcome was ${doubt}, and something newer covers it.`,
      });
    } else if (sameWeights(seen, intent.before) || intent.purpose === 'rollback' || intent.purpose === 'reassert') {
      await this.parts.store.putBack(fence, intent.id, 0, {
        reason: 'NotApplied',
        message: `Not applied (${doubt}); sent again.`,
      });
    } else {
      await this.parts.store.settle(
        fence,
        intent.id,
        failed(
          'LiveWeightsDiffer',
          `Live weights are neither what was there before nor what was sent; its outcome was ${doubt}.`,
          seen,
          null,
        ),
      );
    }
  }

  private async timed<T>(op: string, call: () => Promise<T>): Promise<T> {
    const started = performance.now();
    let code = 'OK';
    try {
      return await call();
    } catch (error) {
      code = error instanceof ExternalFailure ? error.code : 'Error';
      throw error;
    } finally {
      this.parts.onCall?.({ op, code, durationMs: performance.now() - started });
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function failed(reason: string, message: string, live: Weights | null, requestId: string | null): Settlement {
  return { state: 'failed', reason, message, live, requestId };
}
