import {
  fullReadBudget,
  nextTurn,
  readPriorities,
  readSucceeded,
  readTokens,
  readThrottled,
  takeRead,
  withReadLimits,
  type ReadBudgetState,
  type ReadLimits,
  type ReadPriority,
  type SendsAhead,
} from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { Timer, Timers } from '../ports/timers.js';
import type { ApiBudget } from '../resources/types.js';
import type { BudgetUse } from '../ports/gateway-store.js';
import { FairQueue } from './fair-queue.js';
import { RateMeter } from './rate-meter.js';

interface Waiter {
  readonly go: () => void;
  readonly fail: (error: Error) => void;
}

/** Everything one gateway asks AWS goes through here, one request at a time. An idle one holds no timer. */
export class ReadBudget {
  private state: ReadBudgetState;
  private sendsAhead: SendsAhead = 0;
  private readonly waiting: Readonly<Record<ReadPriority, FairQueue<Waiter>>> = {
    emergency: new FairQueue(),
    send: new FairQueue(),
    watch: new FairQueue(),
    fresh: new FairQueue(),
  };
  private timer: Timer | null = null;
  private isClosed = false;
  private readonly meter: RateMeter;

  constructor(
    private readonly timers: Timers,
    budget: ApiBudget,
  ) {
    this.meter = new RateMeter(timers);
    this.state = fullReadBudget(limitsOf(budget), timers.now());
  }

  /** What AWS was found to give now, at most what is configured. */
  get readsPerSecond(): number {
    return this.state.learned.ratePerSecond;
  }

  use(): BudgetUse {
    return {
      perSecond: this.meter.perSecond(),
      allowedPerSecond: this.readsPerSecond,
      tokens: readTokens(this.state, this.timers.now()),
    };
  }

  /** The operator's figures; what was learned about AWS is kept. */
  configure(budget: ApiBudget): void {
    const limits = limitsOf(budget);
    const { readsPerSecond, burst } = this.state.limits;
    if (limits.readsPerSecond === readsPerSecond && limits.burst === burst) return;
    this.state = withReadLimits(this.state, limits);
    this.pump();
  }

  /**
   * Resolves when one request may be sent. Accounts of one priority take turns. Rejects with the signal's reason when the
   * caller no longer wants it, and with a transient `ExternalFailure` `GatewayClosed` when this gateway stops reading.
   */
  take(priority: ReadPriority, accountId = '', signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(gatewayClosed());
      if (signal?.aborted) return reject(signal.reason as Error);
      const giveUp = () => {
        remove();
        reject(signal?.reason as Error);
      };
      const settle = (then: () => void) => {
        signal?.removeEventListener('abort', giveUp);
        then();
      };
      const remove = this.waiting[priority].push(accountId, {
        go: () => settle(resolve),
        fail: (error) => settle(() => reject(error)),
      });
      signal?.addEventListener('abort', giveUp, { once: true });
      this.pump();
    });
  }

  /** AWS throttled a read of ours. */
  throttled(): void {
    this.state = readThrottled(this.state, this.timers.now());
  }

  /** AWS answered a read of ours, with whatever. */
  succeeded(): void {
    this.state = readSucceeded(this.state);
  }

  /** Who waits is refused, and so is everybody after. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.timer = null;
    for (const priority of readPriorities) {
      for (let one = this.waiting[priority].shift(); one; one = this.waiting[priority].shift())
        one.fail(gatewayClosed());
    }
  }

  private pump(): void {
    this.timer?.cancel();
    this.timer = null;
    for (let turn = this.turn(); turn; turn = this.turn()) {
      const now = this.timers.now();
      const taken = takeRead(this.state, now, turn.priority);
      this.state = taken.state;
      if (!taken.ok) {
        this.timer = this.timers.after(taken.retryAt - now, () => this.pump());
        return;
      }
      this.meter.count();
      this.sendsAhead = turn.sendsAhead;
      this.waiting[turn.priority].shift()?.go();
    }
  }

  private turn() {
    return nextTurn(new Set(readPriorities.filter((one) => this.waiting[one].size > 0)), this.sendsAhead);
  }
}

function limitsOf(budget: ApiBudget): ReadLimits {
  return { readsPerSecond: budget.readPerSecond, burst: budget.readBurst };
}

function gatewayClosed(): ExternalFailure {
  return new ExternalFailure({
    system: 'aws',
    kind: 'transient',
    code: 'GatewayClosed',
    message: 'this replica no longer reads for the AWS account; another one takes over',
  });
}
