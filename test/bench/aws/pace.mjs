/** AWS's documented buckets of one account and Region, and what of it is Sluice's to read with by default. */
const READS = { burst: 40, perSecond: 10 };
const MODIFY = { burst: 20, perSecond: 3 };
const READ_BUDGET_PER_SECOND = 5;

/**
 * How a run goes: at AWS's rates, or faster by `speed` with shorter holds. Bursts stay as they are.
 * @returns `{ speed, holdMs, modify, readBudgetPerSecond, limits, apiBudget }`
 */
export function paceOf(speed, holdMs = 60_000 / speed) {
  return {
    speed,
    holdMs,
    modify: { burst: MODIFY.burst, perSecond: MODIFY.perSecond * speed },
    reads: { burst: READS.burst, perSecond: READS.perSecond * speed },
    readBudgetPerSecond: READ_BUDGET_PER_SECOND * speed,
    limits: { limits: 'real', speed },
    apiBudget: {
      modifyPerSecond: MODIFY.perSecond * speed,
      modifyBurst: MODIFY.burst,
      readPerSecond: READ_BUDGET_PER_SECOND * speed,
    },
  };
}
