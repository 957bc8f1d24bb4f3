import type { BucketLimits, BucketState, IntentPurpose, LearnedRate, RateBounds } from '@sluice/domain';
import { afterSuccess, afterThrottle, fullBucket, isEmergency, startingRate, take } from '@sluice/domain';
import { defaultApiBudget, type ApiBudget } from '../resources/types.js';

const minPerSecond = 0.2;
const reserve = 5;

/** The write budget of one account, held by its lane's owner: domain arithmetic around a monotonic clock. */
export class ApiBucket {
  private budget: ApiBudget = defaultApiBudget;
  private rate: LearnedRate = startingRate(this.bounds);
  private state: BucketState | null = null;

  constructor(private readonly now: () => number) {}

  configure(budget: ApiBudget): void {
    if (budget.modifyPerSecond !== this.budget.modifyPerSecond)
      this.rate = startingRate({ maxPerSecond: budget.modifyPerSecond, minPerSecond });
    this.budget = budget;
  }

  /** One write's token, or after how many ms to ask again. Only emergencies reach the reserve. */
  take(purpose: IntentPurpose): 'taken' | { readonly retryInMs: number } {
    const now = this.now();
    const limits: BucketLimits = { ratePerSecond: this.rate.ratePerSecond, burst: this.budget.modifyBurst, reserve };
    const answer = take(this.state ?? fullBucket(limits, now), now, limits, isEmergency(purpose));
    this.state = answer.state;
    return answer.ok ? 'taken' : { retryInMs: Math.max(1, answer.retryAt - now) };
  }

  throttled(): void {
    this.rate = afterThrottle(this.rate, this.now(), this.bounds);
  }

  succeeded(): void {
    this.rate = afterSuccess(this.rate, this.bounds);
  }

  private get bounds(): RateBounds {
    return { maxPerSecond: this.budget.modifyPerSecond, minPerSecond };
  }
}
