import type { Faults } from '../shared/faults.js';
import type { NetworkView } from '../shared/network-view.js';
import { checkOnce, type CheckOutcome } from './health-check.js';
import type { RegionState, Target, TargetGroup } from './model.js';
import { attachments } from './relations.js';
import { enabledZones, isChecked, targetKey } from './targets.js';
import type { StateStore } from './state-store.js';

interface Watched {
  readonly target: Target;
  readonly group: TargetGroup;
  successes: number;
  failures: number;
  timer?: NodeJS.Timeout;
}

export interface HealthCheckerParts {
  readonly store: StateStore;
  readonly network: NetworkView;
  readonly faults: Faults;
  readonly nowMs: () => number;
  /** Real seconds per second of interval and timeout: 0.1 checks ten times as often as configured. */
  readonly intervalScale: number;
  /** Called when a target's state has changed. */
  readonly changed: () => void;
}

const initialChecking = { reason: 'Elb.InitialHealthChecking', description: 'Initial health checks in progress' };

/**
 * Checks every target whose group is in use: `initial` until the first answer, healthy after one success then, unhealthy
 * after UnhealthyThresholdCount failures, healthy again after HealthyThresholdCount successes. Takes drained targets away.
 */
export class HealthChecker {
  private readonly watched = new Map<string, Watched>();
  private sweepTimer: NodeJS.Timeout | undefined;
  private nextSweepMs = Infinity;
  private stopped = false;

  constructor(private readonly parts: HealthCheckerParts) {}

  /**
   * To be called at the start and after each change of anything: begins and ends checks, and resets what is not in use.
   * `only`: the account that has changed; undefined = all.
   */
  reconcile(only?: string): void {
    if (this.stopped) return;
    const seen = new Set<string>();
    let nextDrainMs = only === undefined ? Infinity : this.nextSweepMs;
    for (const { account, regionName, state } of this.parts.store.regions()) {
      if (only !== undefined && account !== only) continue;
      const attached = attachments(state);
      for (const group of Object.values(state.targetGroups)) {
        const zones = enabledZones(state, group, regionName, attached);
        for (const target of Object.values(state.targets[group.arn] ?? {})) {
          if (target.drainingUntilMs !== undefined) nextDrainMs = Math.min(nextDrainMs, target.drainingUntilMs);
          const key = `${account}/${group.arn}/${targetKey(target)}`;
          if (!isChecked(target, group, zones, regionName)) {
            reset(target);
            continue;
          }
          seen.add(key);
          this.watch(key, target, group);
        }
      }
    }
    for (const [key, entry] of this.watched) {
      if (!seen.has(key) && (only === undefined || key.startsWith(`${only}/`))) this.unwatch(key, entry);
    }
    this.sweepAt(nextDrainMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.sweepTimer);
    for (const [key, entry] of this.watched) this.unwatch(key, entry);
  }

  private watch(key: string, target: Target, group: TargetGroup): void {
    const before = this.watched.get(key);
    if (before?.target === target) return;
    if (before !== undefined) this.unwatch(key, before);
    if (target.state === 'initial') Object.assign(target, initialChecking);
    const entry: Watched = { target, group, successes: 0, failures: 0 };
    this.watched.set(key, entry);
    entry.timer = setTimeout(() => void this.check(key, entry), 0);
  }

  private unwatch(key: string, entry: Watched): void {
    clearTimeout(entry.timer);
    if (this.watched.get(key) === entry) this.watched.delete(key);
  }

  private async check(key: string, entry: Watched): Promise<void> {
    const { network, faults, intervalScale } = this.parts;
    const outcome = await checkOnce(entry.target, entry.group, { network, faults, timeScale: intervalScale });
    if (this.stopped || this.watched.get(key) !== entry) return;
    if (apply(entry, outcome)) {
      this.parts.changed();
      await this.parts.store
        .save()
        .catch((error: unknown) => console.error('sandbox: the state of health could not be saved', error));
    }
    if (this.stopped || this.watched.get(key) !== entry) return;
    entry.timer = setTimeout(
      () => void this.check(key, entry),
      entry.group.healthCheck.HealthCheckIntervalSeconds * 1000 * intervalScale,
    );
  }

  private sweepAt(atMs: number): void {
    clearTimeout(this.sweepTimer);
    this.nextSweepMs = atMs;
    if (atMs === Infinity) return;
    this.sweepTimer = setTimeout(() => this.sweep(), Math.max(0, atMs - this.parts.nowMs()) + 1);
  }

  /** Takes away what has drained. */
  private sweep(): void {
    const nowMs = this.parts.nowMs();
    const expired = this.parts.store
      .regions()
      .map(({ state }) => removeDrained(state, nowMs))
      .reduce((sum, count) => sum + count, 0);
    if (expired > 0) {
      this.parts.changed();
      this.parts.store
        .save()
        .catch((error: unknown) => console.error('sandbox: the end of draining could not be saved', error));
    }
    this.reconcile();
  }
}

function reset(target: Target): void {
  if (target.state === 'initial') return;
  Object.assign(target, {
    state: 'initial',
    reason: 'Elb.RegistrationInProgress',
    description: 'Target registration is in progress',
  });
}

function removeDrained(state: RegionState, nowMs: number): number {
  let count = 0;
  for (const targets of Object.values(state.targets)) {
    for (const [key, target] of Object.entries(targets)) {
      if (target.drainingUntilMs === undefined || target.drainingUntilMs > nowMs) continue;
      delete targets[key];
      count += 1;
    }
  }
  return count;
}

/** Counts an outcome in and moves the target's state by the thresholds; answers whether that changed what is shown. */
function apply(entry: Watched, outcome: CheckOutcome): boolean {
  const {
    target,
    group: { healthCheck },
  } = entry;
  const before = `${target.state} ${target.reason ?? ''} ${target.description ?? ''}`;
  if (outcome.kind === 'passed') {
    entry.failures = 0;
    entry.successes += 1;
    const needed = target.state === 'initial' ? 1 : healthCheck.HealthyThresholdCount;
    if (entry.successes >= needed)
      Object.assign(target, { state: 'healthy', reason: undefined, description: undefined });
  } else {
    entry.successes = 0;
    entry.failures += 1;
    if (target.state === 'unhealthy' || entry.failures >= healthCheck.UnhealthyThresholdCount) {
      Object.assign(target, { state: 'unhealthy', reason: outcome.reason, description: outcome.description });
    }
  }
  return before !== `${target.state} ${target.reason ?? ''} ${target.description ?? ''}`;
}
