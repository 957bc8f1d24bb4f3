import { hasEnded, rolloutStates } from '@sluice/domain';
import type { Figures } from '@sluice/postgres';
import { Gauge } from 'prom-client';
import type { Metrics } from './metrics.js';

const keptMs = 5_000;
const patienceMs = 2_000;

/** Every label there can be, so that an alert sees 0 and not nothing. */
const labels = {
  rollouts: rolloutStates.filter((state) => !hasEnded(state)),
  intents: ['pending', 'sent'],
  bindings: ['Pending', 'Applied', 'Refused', 'Removing', 'Removed'],
  clusters: ['ok', 'failed', 'never'],
} as const;

/**
 * How rollouts, intents, gateways, routes, clusters and bindings stand, read from Postgres when somebody scrapes. What was
 * read is used for 5 s. While Postgres doesn't answer there are no such figures, rather than old ones.
 */
export class StateMetrics {
  private readonly gauges: ReturnType<typeof gaugesIn>;
  private last: { readonly at: number; readonly done: Promise<void> } | null = null;

  constructor(
    metrics: Metrics,
    private readonly read: () => Promise<Figures>,
  ) {
    this.gauges = gaugesIn(metrics, () => this.refresh());
  }

  /** One read for all gauges of a scrape, and for scrapes at the same time. */
  private refresh(): Promise<void> {
    const now = performance.now();
    if (this.last === null || now - this.last.at > keptMs) this.last = { at: now, done: this.readOnce() };
    return this.last.done;
  }

  private async readOnce(): Promise<void> {
    const { up, counted, single } = this.gauges;
    const figures = await soon(this.read());
    up.set(figures === null ? 0 : 1);
    for (const gauge of Object.values(counted)) gauge.reset();
    for (const gauge of Object.values(single)) gauge.remove();
    if (figures === null) return;
    for (const name of ['rollouts', 'intents', 'bindings'] as const)
      for (const state of labels[name]) counted[name].set({ state }, figures[name][state] ?? 0);
    for (const check of labels.clusters) counted.clusters.set({ check }, figures.clusters[check] ?? 0);
    single.drifted.set(figures.driftedRoutes);
    single.owned.set(figures.gatewaysOwned);
    single.ownerless.set(figures.gatewaysWithoutOwner);
    single.unproven.set(figures.unprovenAccounts);
    single.overdue.set(figures.overdueSeconds);
  }
}

function gaugesIn({ registry }: Metrics, collect: () => Promise<void>) {
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name: `sluice_${name}`, help, labelNames, registers: [registry], collect });
  return {
    up: gauge('database_up', '1 if Postgres gave the figures of this scrape within 2 s.'),
    counted: {
      rollouts: gauge('rollouts', 'Rollouts that have not ended, by state.', ['state']),
      intents: gauge('intents_open', 'Writes that are decided and not settled, by state.', ['state']),
      bindings: gauge('bindings', 'Bindings by state.', ['state']),
      clusters: gauge('clusters', 'Clusters by their last check; retired ones are left out.', ['check']),
    },
    single: {
      drifted: gauge('drifted_routes', 'Routes with live weights that no decision explains.'),
      owned: gauge('gateways_owned', 'Gateways that this replica owns.'),
      ownerless: gauge('gateway_without_owner', 'Gateways that nobody owns, or whose lease has ended.'),
      unproven: gauge(
        'accounts_unproven',
        "Accounts whose AWS number isn't proven: nothing of them is read or written.",
      ),
      overdue: gauge('rollout_overdue_seconds', 'For how long the most overdue rollout waits to be decided.'),
    },
  };
}

/** What is answered in time, else null. */
async function soon(reading: Promise<Figures>): Promise<Figures | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    return await Promise.race([reading, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
