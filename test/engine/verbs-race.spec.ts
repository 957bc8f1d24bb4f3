import { describe, it } from '@jest/globals';
import type { Weights } from '@sluice/domain';
import { hasEnded, sameWeights, shareOf, sortWeights, type RolloutState, type RolloutVerb } from '@sluice/domain';
import fc from 'fast-check';
import { failure, seeingRoutes } from './faults.js';
import { EngineWorld, eventually, operator, quickPlan, targetGroup, type Replica } from './harness.js';

const routeIds = ['rte_1', 'rte_2', 'rte_3'] as const;
type RouteId = (typeof routeIds)[number];
const groupOf = (backend: 'red' | 'black' | 'guest', id: RouteId) =>
  targetGroup(id === 'rte_1' ? backend : `${backend}-${id}`);

type Fault = 'throttle' | 'failBefore' | 'dropReply' | 'lag' | 'unreadable' | 'late';
type Deed =
  | { readonly kind: 'verb'; readonly verb: RolloutVerb }
  | { readonly kind: 'console'; readonly route: RouteId; readonly onRed: number }
  | { readonly kind: 'health'; readonly route: RouteId; readonly healthy: number }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly route: RouteId }
  | { readonly kind: 'cluster'; readonly word: 'cordon' | 'uncordon' | 'retire' | 'unretire' }
  | { readonly kind: 'pin'; readonly route: RouteId }
  | { readonly kind: 'death' }
  | { readonly kind: 'handover' }
  | { readonly kind: 'pass'; readonly ms: number };

const route = fc.constantFrom(...routeIds);
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('verb' as const),
      verb: fc.constantFrom<RolloutVerb>(
        'pause',
        'resume',
        'advance',
        'adopt',
        'reassert',
        'rollback',
        'abort',
        'resume',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('console' as const), route, onRed: fc.constantFrom(100, 70, 30) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('health' as const), route, healthy: fc.constantFrom(0, 2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      route,
      fault: fc.constantFrom<Fault>('throttle', 'failBefore', 'dropReply', 'lag', 'unreadable', 'late'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cluster' as const),
      word: fc.constantFrom('cordon' as const, 'uncordon' as const, 'retire' as const, 'unretire' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pin' as const), route }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'death' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'handover' as const }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 5, max: 250 }) }) },
);

const settings = { leaseMs: 500, writeTimeoutMs: 150, pollMs: 50 };

/** A write as the load balancer had it, with what was true of its receivers just then. */
interface Observed {
  readonly arn: string;
  readonly before: Weights;
  readonly after: Weights;
  /** A late effect of a request that its sender has given up. */
  readonly isLate: boolean;
  readonly blackIsClosed: boolean;
}

/** One run: a rollout over three routes, people and faults around it, then quiet; what must hold after any of it. */
class Run {
  private readonly replicas: Replica[] = [];
  private readonly arns = new Map<RouteId, string>();
  private readonly observed: Observed[] = [];
  private readonly lagging = new Map<string, number>();
  private readonly unreadable = new Map<string, number>();
  private readonly late = new Set<string>();
  private readonly landing: Promise<unknown>[] = [];
  private readonly edited = new Set<string>();
  private readonly sickFor = new Set<string>();
  private named = 0;
  /** Since when black takes no new share, and how many writes there had been. */
  private blackIsClosed = false;
  private abortedAfter: number | null = null;
  private constructor(private readonly world: EngineWorld) {}
  private id = '';

  static async of(list: readonly Deed[]): Promise<void> {
    const world = await EngineWorld.start();
    const run = new Run(world);
    try {
      await run.begin();
      for (const deed of list) await run.do(deed);
      await run.quiet();
      await run.check();
    } finally {
      await world.stop();
    }
  }

  private async begin(): Promise<void> {
    this.arns.set('rte_1', this.world.routeArn);
    for (const id of ['rte_2', 'rte_3'] as const) this.arns.set(id, await this.world.addRoute(id));
    this.watchWrites();
    this.breakReads();
    this.id = await this.world.startRollout({
      ...quickPlan('rte_1'),
      routes: { kind: 'ids', ids: [...routeIds] },
    });
    await this.join();
    await this.join();
  }

  /** Every effect is noted with what was known then; a late one takes effect after its sender has given up. */
  private watchWrites(): void {
    const { loadBalancer } = this.world;
    const write = loadBalancer.writeWeights.bind(loadBalancer);
    loadBalancer.writeWeights = async (access, base, after, options) => {
      const note = async (isLate: boolean) => {
        const count = loadBalancer.writes.length;
        try {
          return await write(access, base, after, isLate ? {} : options);
        } finally {
          const made = loadBalancer.writes.slice(count).find((one) => one.routeArn === base.routeArn);
          if (made && made.outcome !== 'failed')
            this.observed.push({
              arn: base.routeArn,
              before: made.before,
              after: made.after,
              isLate,
              blackIsClosed: this.blackIsClosed,
            });
        }
      };
      if (!this.late.delete(base.routeArn)) return note(false);
      const landed = new Promise<void>((resolve) =>
        setTimeout(
          () =>
            void note(true).then(
              () => resolve(),
              () => resolve(),
            ),
          2 * settings.writeTimeoutMs,
        ),
      );
      this.landing.push(landed);
      throw failure('transient', 'Timeout', 'no answer', true);
    };
  }

  /** Reads that show what stood there before the last write, and reads of one route that fail. */
  private breakReads(): void {
    seeingRoutes(this.world, (arn, read) => {
      if (takeOne(this.unreadable, arn)) throw failure('transient', 'InternalFailure');
      const last = this.observed.findLast((one) => one.arn === arn);
      if (!last || !takeOne(this.lagging, arn)) return read;
      return { ...read, action: { ...read.action, weights: last.before } };
    });
  }

  private async join(): Promise<void> {
    this.named += 1;
    this.replicas.push(await this.world.replica(`replica-${String(this.named)}`, { settings }));
  }

  private async do(deed: Deed): Promise<void> {
    const { loadBalancer, pool } = this.world;
    switch (deed.kind) {
      case 'verb':
        return this.say(deed.verb);
      case 'console': {
        const arn = this.arns.get(deed.route)!;
        this.edited.add(arn);
        const shown = loadBalancer.weightsOf(arn);
        loadBalancer.editByConsole(arn, {
          weights: shown.map((one) => ({
            ...one,
            weight: one.targetGroupArn === groupOf('red', deed.route) ? deed.onRed : 100 - deed.onRed,
          })),
        });
        return;
      }
      case 'health':
        if (deed.healthy === 0) this.sickFor.add(groupOf('black', deed.route));
        return loadBalancer.setHealth(
          groupOf('black', deed.route),
          deed.healthy > 0 ? { healthy: deed.healthy } : { unhealthy: 2 },
        );
      case 'fault':
        return this.break(deed.fault, this.arns.get(deed.route)!);
      case 'cluster':
        return this.tell(deed.word);
      case 'pin':
        await pool.query(
          `UPDATE routes SET pinned = CASE WHEN pinned = '[]' THEN $2::jsonb ELSE '[]' END WHERE id = $1`,
          [deed.route, JSON.stringify([groupOf('guest', deed.route)])],
        );
        return;
      case 'death':
        this.replicas.shift()?.die();
        return this.join();
      case 'handover':
        await this.replicas.shift()?.stop();
        return this.join();
      case 'pass':
        await new Promise((resolve) => setTimeout(resolve, deed.ms));
    }
  }

  private break(fault: Fault, arn: string): void {
    if (fault === 'lag') this.lagging.set(arn, 1);
    else if (fault === 'unreadable') this.unreadable.set(arn, 3);
    else if (fault === 'late') this.late.add(arn);
    else this.world.loadBalancer.faults[fault] = 1;
  }

  /** As the use case of clusters does: one UPDATE, with which the cluster's guard moves. */
  private async tell(word: 'cordon' | 'uncordon' | 'retire' | 'unretire'): Promise<void> {
    const column = word.endsWith('cordon') ? 'cordoned_by' : 'retired_by';
    const value = word.startsWith('un') ? null : JSON.stringify({ by: 'ops', at: 'x', reason: 'x' });
    await this.world.pool.query(`UPDATE clusters SET ${column} = $1 WHERE id = 'clu_2'`, [value]);
    const { rows } = await this.world.pool.query<{ closed: boolean }>(
      `SELECT cordoned_by IS NOT NULL OR retired_by IS NOT NULL AS closed FROM clusters WHERE id = 'clu_2'`,
    );
    const { closed } = rows[0]!;
    if (!closed) {
      clearTimeout(this.closing);
      this.closing = undefined;
      this.blackIsClosed = false;
    }
    // what was marked before it committed may still come: that is at most one request's time
    else this.closing ??= setTimeout(() => (this.blackIsClosed = true), settings.writeTimeoutMs);
  }
  private closing: NodeJS.Timeout | undefined;

  /** A verb that the state doesn't allow is refused: that is an answer, not a failure. */
  private async say(verb: RolloutVerb): Promise<void> {
    try {
      await this.world.rollouts.verb(operator, this.id, verb);
    } catch (error) {
      const { name, reason } = error as { name: string; reason?: string };
      if (name === 'Conflict' || name === 'ExternalFailure') return;
      throw new Error(`verb ${verb}: ${String(reason ?? error)}`, { cause: error });
    }
    if (verb === 'abort') this.abortedAfter = this.observed.length;
    if (verb === 'rollback') this.abortedAfter = null;
  }

  /** No more faults: it comes to an end, or to where a person is asked, and no intent stays open there. */
  private async quiet(): Promise<void> {
    const { faults } = this.world.loadBalancer;
    Object.assign(faults, { throttle: 0, failBefore: 0, dropReply: 0 });
    this.lagging.clear();
    this.unreadable.clear();
    this.late.clear();
    await Promise.all(this.landing);
    for (const id of routeIds) this.world.loadBalancer.setHealth(groupOf('black', id), { healthy: 2 });
    await this.tell('uncordon');
    await this.tell('unretire');
    const deadline = Date.now() + 15_000;
    for (let asked = 0; Date.now() < deadline; asked += 1) {
      const state = await eventually<RolloutState>(
        'an end or a question',
        async () => {
          const view = await this.world.rollouts.get(operator, this.id);
          return (hasEnded(view.state) || view.state === 'Blocked' || view.state === 'Paused') && view.state;
        },
        15_000,
      ).catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await this.story()}`, { cause: error });
      });
      if (hasEnded(state)) break;
      await this.say(state === 'Paused' ? 'resume' : asked % 2 === 0 ? 'reassert' : 'adopt');
    }
    await eventually(
      'no open intent',
      async () => (await this.timeline()).intents.every((one) => one.state !== 'pending' && one.state !== 'sent'),
      12_000,
    );
  }

  private timeline() {
    return this.world.rollouts.timeline(operator, this.id);
  }

  private async story(): Promise<string> {
    const { decisions, intents } = await this.timeline();
    const view = await this.world.rollouts.get(operator, this.id);
    const writes = this.observed.map((one) =>
      JSON.stringify([one.arn.slice(-20), one.after.map((w) => w.weight), one.isLate]),
    );
    return [
      `${view.state} ${view.reason}: ${view.message}`,
      ...decisions.map((one) => `${one.createdAt} ${one.kind} ${one.state}: ${one.message} ${one.endMessage ?? ''}`),
      ...intents.map(
        (one) => `${one.routeId} ${one.purpose} ${one.state} ${String(one.attempts)} ${one.message ?? ''}`,
      ),
      ...writes,
    ].join('\n');
  }

  private async check(): Promise<void> {
    const { decisions, intents } = await this.timeline();
    const view = await this.world.rollouts.get(operator, this.id);
    const story = await this.story();
    const must = (holds: boolean, rule: string) => {
      if (!holds) throw new Error(`${rule}\n${story}`);
    };
    must(hasEnded(view.state), 'in limbo');
    for (const { after } of this.observed) must(isSafe(after), 'I1 weights are lawful');
    for (const write of this.observed.filter((one) => !one.isLate && one.blackIsClosed))
      must(
        !raisesBlack(write) || isWayBack(write, intents),
        'I2 nothing raises the share of a cordoned or retired cluster',
      );
    const shifts = decisions.filter((one) => one.kind === 'shift').map((one) => one.stepIndex ?? 0);
    must(
      shifts.every((index, i) => index - (shifts[i - 1] ?? -1) <= 1 && index >= (shifts[i - 1] ?? 0)),
      'I4 steps go in order',
    );
    must(!decisions.some((one) => one.state === 'decided'), 'every line of the ledger ends');
    const { rows: early } = await this.world.pool.query(earlySteps, [this.id]);
    must(early.length === 0, 'I5 no step before its hold was served');
    if (this.abortedAfter !== null)
      must(
        this.observed.slice(this.abortedAfter).filter((one) => !one.isLate).length <= routeIds.length,
        'I6 after an abort only what was in flight, one a route',
      );
    await this.checkExplained(intents, must);
    this.checkEnd(view.state, must);
    await this.checkLedger(must);
  }

  /** I7: whatever was written is what an intent of exactly one decision wanted there. */
  private async checkExplained(
    intents: Awaited<ReturnType<Run['timeline']>>['intents'],
    must: (holds: boolean, rule: string) => void,
  ): Promise<void> {
    const idOf = new Map([...this.arns].map(([id, arn]) => [arn, id as string]));
    for (const write of this.observed) {
      const wanted = intents.filter(
        (one) => one.routeId === idOf.get(write.arn) && one.attempts > 0 && sameWeights(one.after, write.after),
      );
      must(wanted.length > 0, 'I7 every write is an intent');
    }
    const { rows } = await this.world.pool.query<{
      id: string;
      expected: Weights;
      explained_by: string | null;
      wrote: Weights | null;
    }>(
      `SELECT r.id, r.expected, r.explained_by, (SELECT i.live FROM intents i WHERE i.decision_id = r.explained_by AND i.route_id = r.id AND i.state = 'applied') AS wrote FROM routes r`,
    );
    for (const one of rows)
      if (one.wrote !== null) must(sameWeights(one.wrote, one.expected), 'I7 what explains a route is what it wrote');
  }

  /** The end is true, and what is live is explained, where nobody used the console and no effect came late. */
  private checkEnd(state: RolloutState, must: (holds: boolean, rule: string) => void): void {
    for (const id of routeIds) {
      const arn = this.arns.get(id)!;
      if (this.edited.has(arn) || this.observed.some((one) => one.arn === arn && one.isLate)) continue;
      const live = this.world.loadBalancer.weightsOf(arn);
      const onBlack = shareOf(live, groupOf('black', id));
      if (state === 'RolledBack') must(onBlack === 0, `I3 ${id} is said to be back`);
      if (state === 'Succeeded') must(onBlack === 1000, `I3 ${id} is said to have arrived`);
    }
  }

  /** I8: the drift watch agrees with the ledger: live is explained, or shown as drift. */
  private async checkLedger(must: (holds: boolean, rule: string) => void): Promise<void> {
    const agrees = async () => {
      for (const { engine } of this.replicas) await engine.driftWatch();
      const { rows } = await this.world.pool.query<{ arn: string; expected: Weights; drift: { live: Weights } | null }>(
        'SELECT arn, expected, drift FROM routes',
      );
      return rows.every(({ arn, expected, drift }) => {
        const live = sortWeights(this.world.loadBalancer.weightsOf(arn));
        return sameWeights(live, drift?.live ?? expected);
      });
    };
    must(await eventually('agreement', agrees, 10_000).catch(() => false), 'I8 what is live is explained or drift');
  }
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0;
  if (left > 0) counts.set(key, left - 1);
  return left > 0;
}

function isSafe(after: Weights): boolean {
  const inRange = after.every(({ weight }) => Number.isInteger(weight) && weight >= 0 && weight <= 999);
  return inRange && after.length <= 5 && after.some(({ weight }) => weight > 0);
}

function raisesBlack({ before, after }: Observed): boolean {
  return after.some(
    ({ targetGroupArn }) =>
      targetGroupArn.includes('targetgroup/black') &&
      shareOf(after, targetGroupArn) > shareOf(before, targetGroupArn) + 1,
  );
}

/** An emergency passes over it, and so does a person who puts back what stood there. */
function isWayBack(
  write: Observed,
  intents: readonly { readonly purpose: string; readonly after: Weights }[],
): boolean {
  return intents.some((one) => one.purpose !== 'step' && sameWeights(one.after, write.after));
}

/** Steps sent sooner than the hold (100 ms) after the route's step before was verified, with no person's word in between. */
const earlySteps = `
  SELECT later.id FROM intents later
  JOIN LATERAL (SELECT max(i.settled_at) AS at FROM intents i WHERE i.rollout_id = later.rollout_id AND i.route_id = later.route_id
                AND i.state = 'applied' AND i.purpose = 'step' AND i.step_index < later.step_index) former ON true
  WHERE later.rollout_id = $1 AND later.purpose = 'step' AND later.sent_at < former.at + interval '95 ms'
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.rollout_id = later.rollout_id AND d.kind IN ('advance', 'adopt', 'reassert') AND d.created_at < later.created_at)`;

describe('whatever people, faults and dying replicas do to a rollout', () => {
  it('keeps the rules, ends, and explains every weight', async () => {
    const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
    const runs = Number(process.env.SLUICE_RUNS ?? 15);
    console.info(`verbs-race: SLUICE_SEED=${String(seed)}`);
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { minLength: 4, maxLength: 18 }), (list) => Run.of(list)),
      { seed, numRuns: runs, endOnFailure: true, interruptAfterTimeLimit: 100_000 },
    );
  }, 180_000);
});
