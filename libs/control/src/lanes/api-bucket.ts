import type { BucketLimits, BucketState, IntentPurpose, LearnedRate, RateBounds } from '@sluice/domain';
import { afterSuccess, afterThrottle, fullBucket, isEmergency, startingRate, take, tokensAt } from '@sluice/domain';
import { RateMeter } from '../gateways/rate-meter.js';
import type { BudgetUse } from '../ports/gateway-store.js';
import type { Timers } from '../ports/timers.js';
import type { ApiBudget } from '../resources/types.js';

const minPerSecond = 0.2;
const reserve = 5;

/** The write budget of one gateway, held by its owner: domain arithmetic around a monotonic clock. */
export class ApiBucket {
  private rate: LearnedRate;
  private state: BucketState | null = null;
  private readonly meter: RateMeter;

  constructor(
    private readonly timers: Timers,
    private budget: ApiBudget,
  ) {
    this.rate = startingRate(this.bounds);
    this.meter = new RateMeter(timers);
  }

  configure(budget: ApiBudget): void {
    if (budget.modifyPerSecond !== this.budget.modifyPerSecond)
      this.rate = startingRate({ maxPerSecond: budget.modifyPerSecond, minPerSecond });
    this.budget = budget;
  }

  /** One write's token, or after how many ms to ask again. Only emergencies reach the reserve. */
  take(purpose: IntentPurpose): 'taken' | { readonly retryInMs: number } {
    const now = this.timers.now();
    const limits = this.limitsFor(purpose);
    const answer = take(this.state ?? fullBucket(limits, now), now, limits, isEmergency(purpose));
    this.state = answer.state;
    if (answer.ok) this.meter.count();
    return answer.ok ? 'taken' : { retryInMs: Math.max(1, answer.retryAt - now) };
  }

  /** How many tokens such writes could take now, and after how many ms there will be another one. Takes none. */
  allowance(purpose: IntentPurpose): { readonly tokens: number; readonly retryInMs: number } {
    const now = this.timers.now();
    const limits = this.limitsFor(purpose);
    let state = this.state ?? fullBucket(limits, now);
    for (let tokens = 0; ; tokens += 1) {
      const answer = take(state, now, limits, isEmergency(purpose));
      if (!answer.ok) return { tokens, retryInMs: Math.max(1, answer.retryAt - now) };
      state = answer.state;
    }
  }

  use(): BudgetUse {
    const now = this.timers.now();
    const limits = this.limitsFor('step');
    return {
      perSecond: this.meter.perSecond(),
      allowedPerSecond: this.rate.ratePerSecond,
      tokens: Math.floor(tokensAt(this.state ?? fullBucket(limits, now), now, limits)),
    };
  }

  throttled(): void {
    this.rate = afterThrottle(this.rate, this.timers.now(), this.bounds);
  }

  succeeded(): void {
    this.rate = afterSuccess(this.rate, this.bounds);
  }

  /** Emergencies use the configured rate: throttles are learned by what can wait. */
  private limitsFor(purpose: IntentPurpose): BucketLimits {
    const ratePerSecond = isEmergency(purpose) ? this.budget.modifyPerSecond : this.rate.ratePerSecond;
    return { ratePerSecond, burst: this.budget.modifyBurst, reserve };
  }

  private get bounds(): RateBounds {
    return { maxPerSecond: this.budget.modifyPerSecond, minPerSecond };
  }
}
