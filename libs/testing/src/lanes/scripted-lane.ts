import {
  ApiBucket,
  ExternalFailure,
  IntentExecutor,
  Lane,
  LaneStore,
  defaultLaneSettings,
  type ActionFact,
  type ApiBudget,
  type CallOptions,
  type CrashPoint,
  type GatewayFence,
  type GatewayGrant,
  type Intent,
  type LaneLooks,
  type LaneSettings,
  type Marked,
  type NextIntents,
  type Settlement,
  type Why,
  type WriteOutcome,
} from '@sluice/control';
import { isEmergency, sameWeights, type Fact, type Ownership, type TargetHealth, type Weights } from '@sluice/domain';
import { ManualTimers } from '../timers/manual-timers.js';

/** What a route's intents stand in the fake of the store, with how they ended. */
export type LaneRow = Omit<Intent, 'state' | 'covered'> & {
  covered: boolean;
  state: Intent['state'] | Settlement['state'];
  reason: string | null;
  message: string | null;
  dueAt: number;
};

/** One call of writeWeights: what, when, and with how much time. */
export interface LaneWrite {
  readonly routeArn: string;
  readonly after: Weights;
  readonly timeoutMs: number | undefined;
  readonly sendBefore: number | undefined;
  readonly atMs: number;
}

/** Where the scripted clock began. */
const began = Date.UTC(2026, 10, 25, 3);
const health = (healthy: number): TargetHealth => ({
  targetGroupArn: '',
  healthy,
  initial: 0,
  unhealthy: 0,
  draining: 0,
  unused: 0,
  unavailable: 0,
  total: healthy,
  reasons: {},
});

export const laneGroup = (name: string) => `arn:group/${name}`;
export const laneWeights = (onRed: number, onBlack: number): Weights => [
  { targetGroupArn: laneGroup('black'), weight: onBlack },
  { targetGroupArn: laneGroup('red'), weight: onRed },
];

/** A store that keeps the rules of the real one (whose predicates have a suite on Postgres), in memory and by manual time. */
class MemoryLaneStore extends LaneStore {
  readonly rows: LaneRow[] = [];
  readonly marks: { readonly id: string; readonly deadlineMs: number }[] = [];
  /** What the next `markSent` says instead. */
  nextMark: Marked | null = null;
  /** Runs when an intent has been marked, before its owner hears of it. */
  onMarked: () => void = () => undefined;

  constructor(private readonly timers: ManualTimers) {
    super();
  }

  async busy(gatewayIds: readonly string[]): Promise<readonly string[]> {
    const isOpen = ({ state, dueAt }: LaneRow) =>
      state === 'sent' || (state === 'pending' && dueAt <= this.timers.now());
    return this.rows.some(isOpen) ? gatewayIds : [];
  }

  async orphans(_fence: GatewayFence, inFlightIds: readonly string[]): Promise<readonly Intent[]> {
    return this.rows.filter(({ state, id }) => state === 'sent' && !inFlightIds.includes(id)).map(toIntent);
  }

  async next(_fence: GatewayFence, busyRouteIds: readonly string[], most: number): Promise<NextIntents> {
    const isInFlight = (routeId: string) => this.rows.some((row) => row.routeId === routeId && row.state === 'sent');
    const pending = this.rows.filter(
      (row) =>
        row.state === 'pending' &&
        !busyRouteIds.includes(row.routeId) &&
        (isEmergency(row.purpose) || !isInFlight(row.routeId)),
    );
    const now = this.timers.now();
    const due = pending.filter((row) => row.dueAt <= now);
    const later = pending.filter((row) => row.dueAt > now).map((row) => row.dueAt - now);
    const urgent = due.filter((row) => isEmergency(row.purpose));
    const intents = [...urgent, ...due.filter((row) => !urgent.includes(row))].slice(0, most).map(toIntent);
    return { intents, inMs: later.length > 0 ? Math.min(...later) : null };
  }

  async covered(_fence: GatewayFence, ids: readonly string[]): Promise<readonly string[]> {
    return ids.filter((id) => this.row(id).state === 'sent' && this.row(id).covered);
  }

  async markSent(_fence: GatewayFence, id: string, deadlineMs: number, after: Weights): Promise<Marked> {
    const said = this.nextMark;
    this.nextMark = null;
    if (said !== null) {
      this.row(id).state = 'superseded'; // by whoever was faster
      return said;
    }
    this.marks.push({ id, deadlineMs });
    Object.assign(this.row(id), { state: 'sent', after, attempts: this.row(id).attempts + 1 });
    this.onMarked();
    return 'sent';
  }

  async defer(_fence: GatewayFence, id: string, delayMs: number, why: Why): Promise<boolean> {
    const row = this.row(id);
    const state = row.covered ? 'superseded' : 'pending';
    Object.assign(row, { state, ...why, dueAt: this.timers.now() + delayMs });
    return true;
  }

  async remark(_fence: GatewayFence, id: string, why: Why): Promise<void> {
    Object.assign(this.row(id), why);
  }

  async settle(_fence: GatewayFence, id: string, outcome: Settlement): Promise<boolean> {
    const { state, message } = outcome;
    Object.assign(this.row(id), { state, message, reason: 'reason' in outcome ? (outcome.reason ?? null) : null });
    return true;
  }

  row(id: string): LaneRow {
    const row = this.rows.find((one) => one.id === id);
    if (!row) throw new Error(`no intent ${id}`);
    return row;
  }
}

/** A lane with its executor, on a store in memory, scripted looks, and time that passes when a test says so. */
export class ScriptedLane {
  readonly timers = new ManualTimers();
  readonly store = new MemoryLaneStore(this.timers);
  readonly writes: LaneWrite[] = [];
  /** What AWS has, by route ARN. */
  readonly live = new Map<string, Weights>();
  /** What a read shows instead of what is there, by route ARN. */
  readonly reading = new Map<string, Weights | ExternalFailure>();
  readonly reads: { readonly arns: readonly string[]; readonly notBefore: number; readonly priority: string }[] = [];
  /** Whose every route is; null = not read yet. */
  owner: Ownership | null = { kind: 'unowned' };
  /** Of the watch, by name of the target group; absent = never looked. */
  readonly watched = new Map<string, { readonly healthy: number; readonly ageMs: number }>([
    ['red', { healthy: 2, ageMs: 0 }],
    ['black', { healthy: 2, ageMs: 0 }],
  ]);
  /** What a read of health that somebody has to wait for says; null = it never ends. */
  healthRead: Fact<TargetHealth> | null = null;
  readonly stored = new Map<string, { readonly weights: Weights; readonly ageMs: number }>();
  /** How the next writes go; then: written, and verified by the reply. */
  readonly answers: ((apply: () => void, signal: AbortSignal | undefined) => Promise<WriteOutcome>)[] = [];
  /** Reads wait for this. */
  readsWait: Promise<void> = Promise.resolve();
  crash: (point: CrashPoint) => void = () => undefined;
  access: (accountId: string) => Promise<void> = async () => undefined;
  readonly lane: Lane;
  private readonly bucket: ApiBucket;

  constructor(
    options: {
      readonly budget?: Partial<ApiBudget>;
      readonly grant?: Partial<GatewayGrant>;
      readonly settings?: Partial<LaneSettings>;
    } = {},
  ) {
    const budget = { modifyPerSecond: 50, modifyBurst: 50, readPerSecond: 50, readBurst: 50, ...options.budget };
    this.bucket = new ApiBucket(this.timers, budget);
    const settings = { ...defaultLaneSettings, ...options.settings };
    const executor = new IntentExecutor({
      store: this.store,
      loadBalancer: { writeWeights: (_access, base, after, call) => this.write(base.routeArn, after, call) },
      looks: this.looks(),
      bucket: this.bucket,
      access: async (accountId) => {
        await this.access(accountId);
        return { accountId: '1', region: 'r', endpoint: null, credentials: null, role: null };
      },
      timers: this.timers,
      now: () => began + this.timers.now(),
      writeTimeoutMs: settings.writeTimeoutMs,
      crashPoint: (point) => this.crash(point),
    });
    const grant: GatewayGrant = {
      gatewayId: 'gtw_1',
      epoch: 1n,
      grantId: 'g',
      leaseMs: settings.leaseMs,
      writesInMs: 0,
      waitOutRouteIds: [],
      accountIds: ['acc_1'],
      budget,
      ...options.grant,
    };
    this.lane = new Lane(grant, this.timers.now(), {
      store: this.store,
      executor,
      looks: this.looks(),
      bucket: this.bucket,
      timers: this.timers,
      settings,
      log: { info: () => undefined, warn: () => undefined },
    });
  }

  /** An intent of a rollout from 100/0 to 50/50 on a route of its own, unless said otherwise. */
  put(id: string, changes: Partial<LaneRow> = {}): LaneRow {
    const routeId = changes.routeId ?? `route of ${id}`;
    const routeArn = changes.routeArn ?? `arn:${routeId}`;
    if (!this.live.has(routeArn)) this.live.set(routeArn, laneWeights(100, 0));
    const row: LaneRow = {
      id,
      accountId: 'acc_1',
      rolloutId: 'rol_1',
      routeId,
      routeName: routeId,
      routeArn,
      listenerArn: routeArn,
      isDefault: true,
      purpose: 'step',
      state: 'pending',
      goal: { kind: 'shares', shares: { red: 500, black: 500 } },
      before: laneWeights(100, 0),
      after: laneWeights(50, 50),
      backends: ['red', 'black'].map((name) => ({
        name,
        clusterId: `clu_${name}`,
        clusterName: name,
        targetGroupArn: laneGroup(name),
        cordoned: false,
        retired: false,
      })),
      pinned: [],
      acknowledged: false,
      minHealthyTargets: 1,
      forced: null,
      attempts: 0,
      covered: false,
      reason: null,
      message: null,
      dueAt: 0,
      ...changes,
    };
    this.store.rows.push(row);
    return row;
  }

  /** A way back to 100/0, over whatever is live. */
  putBack(id: string, changes: Partial<LaneRow> = {}): LaneRow {
    return this.put(id, {
      purpose: 'rollback',
      goal: { kind: 'baseline', baseline: laneWeights(100, 0) },
      before: null,
      after: laneWeights(100, 0),
      ...changes,
    });
  }

  /** Lets the lane look, and `ms` pass. */
  async run(ms = 0): Promise<void> {
    this.lane.wake();
    await this.timers.advance(ms);
  }

  private looks(): LaneLooks {
    return {
      readForSend: async (_accountId, routes, notBefore, priority) => {
        this.reads.push({ arns: routes.map((one) => one.arn), notBefore, priority });
        const at = this.timers.now();
        await this.readsWait;
        return new Map(
          routes.map(({ arn }) => {
            const shown = this.reading.get(arn) ?? this.live.get(arn) ?? [];
            return [arn, shown instanceof ExternalFailure ? { failure: shown } : { action: actionOf(arn, shown), at }];
          }),
        );
      },
      healthNow: async () => this.healthRead ?? new Promise(() => undefined),
      watchedHealth: (_accountId, targetGroupArn) => {
        const seen = this.watched.get(targetGroupArn.replace('arn:group/', ''));
        if (!seen) return null;
        const at = began + this.timers.now() - seen.ageMs;
        return {
          periodMs: 5_000,
          runs: [],
          fact: { ok: true, at, value: { ...health(seen.healthy), targetGroupArn } },
        };
      },
      ownerOf: () => this.owner,
      lastAction: (_accountId, arn) => {
        const stored = this.stored.get(arn);
        return stored ? { action: actionOf(arn, stored.weights), ageMs: stored.ageMs } : null;
      },
      sending: () => undefined,
      wrote: () => null,
    };
  }

  private async write(routeArn: string, after: Weights, call: CallOptions = {}): Promise<WriteOutcome> {
    const { timeoutMs, sendBefore, signal } = call;
    this.writes.push({ routeArn, after, timeoutMs, sendBefore, atMs: this.timers.now() });
    const apply = () => void this.live.set(routeArn, after);
    const answer = this.answers.shift();
    if (answer) return answer(apply, signal);
    apply();
    return { verified: true, unverified: null, live: null, requestId: null };
  }

  /** Whether a route has these weights now. */
  has(routeArn: string, weights: Weights): boolean {
    return sameWeights(this.live.get(routeArn) ?? [], weights);
  }
}

function toIntent(row: LaneRow): Intent {
  const { reason: _reason, message: _message, dueAt: _dueAt, state, ...intent } = row;
  return { ...intent, state: state === 'sent' ? 'sent' : 'pending' };
}

function actionOf(arn: string, weights: Weights): ActionFact {
  return {
    routeArn: arn,
    listenerArn: arn,
    loadBalancerArn: 'arn:lb',
    isDefault: true,
    action: { weights, stickiness: { enabled: false }, otherActions: [] },
    document: { actions: [], unknown: [] },
  };
}
