import { periodMs } from './period.js';

/** What there is to look at, as far as counting goes. */
export interface ToWatch {
  readonly routes: readonly { readonly accountId: string; readonly isDefault: boolean }[];
  readonly health: readonly { readonly as: 'raised' | 'donor' }[];
}

/** How often each kind of subject is looked at, in ms. */
export interface Periods {
  /** Forward actions, and target groups that a rollout raises. */
  readonly usualMs: number;
  readonly donorMs: number;
  readonly ownerMs: number;
}

/** Rules or listeners that one request describes, and resources whose tags one request lists. */
export const readBatchSize = 20;
const donorEvery = 3;
const ownerEvery = 10;
const leastOwnerMs = 5 * 60_000;
/** Load balancer, listener, rule. */
const taggedPerRoute = 3;

/** Requests that one round of looks takes, parts of one counted as such: donors come every third round, tags every tenth. */
export function readsWanted({ routes, health }: ToWatch): number {
  const raised = health.filter((one) => one.as === 'raised').length;
  const donors = health.length - raised;
  const tags = Math.ceil((taggedPerRoute * routes.length) / readBatchSize);
  return actionReads(routes) + raised + donors / donorEvery + tags / ownerEvery;
}

/** `minPeriodMs`: how often a subject is looked at where the budget gives plenty; AWS's usual health-check interval. */
export function periodsOf(watch: ToWatch, readsPerSecond: number, minPeriodMs: number): Periods {
  const usualMs = periodMs({ healthCheckIntervalMs: minPeriodMs, readsWanted: readsWanted(watch), readsPerSecond });
  return { usualMs, donorMs: donorEvery * usualMs, ownerMs: Math.max(leastOwnerMs, ownerEvery * usualMs) };
}

/** Rules and listeners are asked apart, and so is each account record. */
function actionReads(routes: ToWatch['routes']): number {
  const groups = new Map<string, number>();
  for (const { accountId, isDefault } of routes) {
    const key = `${isDefault ? 'listener' : 'rule'} ${accountId}`;
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  return [...groups.values()].reduce((sum, count) => sum + Math.ceil(count / readBatchSize), 0);
}
