import { describe, expect, it } from '@jest/globals';
import type { RolloutView } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import { hasEnded, shareOf, type RolloutState, type RolloutVerb } from '@sluice/domain';
import fc from 'fast-check';
import { EngineWorld, black, eventually, operator, quickPlan, red, weights, type Replica } from './harness.js';

type Deed =
  | { readonly kind: 'verb'; readonly verb: RolloutVerb }
  | { readonly kind: 'console'; readonly onRed: number }
  | { readonly kind: 'health'; readonly healthy: number }
  | { readonly kind: 'fault'; readonly fault: 'throttle' | 'failBefore' | 'dropReply' }
  | { readonly kind: 'death' }
  | { readonly kind: 'handover' }
  | { readonly kind: 'pass'; readonly ms: number };

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
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('console' as const), onRed: fc.constantFrom(100, 70, 30) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('health' as const), healthy: fc.constantFrom(0, 2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom('throttle' as const, 'failBefore' as const, 'dropReply' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'death' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'handover' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 5, max: 250 }) }) },
);

const runs = 20;
const settings = { leaseMs: 500, writeTimeoutMs: 150, pollMs: 50 };

/** One run: a rollout, people and faults around it, then quiet; what must hold after any of it. */
class Run {
  private readonly replicas: Replica[] = [];
  private named = 0;
  /** How many writes there had been when a person aborted, and when somebody last used the console. */
  private abortedAfter: number | null = null;
  private editedAfter: number | null = null;
  private constructor(
    private readonly world: EngineWorld,
    private readonly id: string,
  ) {}

  static async of(list: readonly Deed[]): Promise<void> {
    const world = await EngineWorld.start();
    try {
      const run = new Run(world, await world.startRollout(quickPlan('rte_1')));
      await run.join();
      await run.join();
      for (const deed of list) await run.do(deed);
      await run.quiet();
      await run.check();
    } finally {
      await world.stop();
    }
  }

  private async join(): Promise<void> {
    this.named += 1;
    this.replicas.push(await this.world.replica(`replica-${String(this.named)}`, { settings }));
  }

  private async do(deed: Deed): Promise<void> {
    const { loadBalancer } = this.world;
    switch (deed.kind) {
      case 'verb':
        return this.say(deed.verb);
      case 'console':
        this.editedAfter = loadBalancer.writes.length;
        loadBalancer.editByConsole(this.world.routeArn, { weights: weights(deed.onRed, 100 - deed.onRed) });
        return;
      case 'health':
        return loadBalancer.setHealth(black, deed.healthy > 0 ? { healthy: deed.healthy } : { unhealthy: 2 });
      case 'fault':
        loadBalancer.faults[deed.fault] = 1;
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

  /** A verb that the state doesn't allow is refused: that is an answer, not a failure. */
  private async say(verb: RolloutVerb): Promise<void> {
    try {
      await this.world.rollouts.verb(operator, this.id, verb);
    } catch (error) {
      const { name, reason } = error as { name: string; reason?: string };
      if (name === 'Conflict' || name === 'ExternalFailure') return;
      throw new Error(`verb ${verb}: ${String(reason ?? error)}`, { cause: error });
    }
    if (verb === 'abort') this.abortedAfter = this.world.loadBalancer.writes.length;
  }

  /** No more faults: it comes to an end, or to where a person is asked, and no intent stays open there. */
  private async quiet(): Promise<void> {
    const { faults } = this.world.loadBalancer;
    Object.assign(faults, { throttle: 0, failBefore: 0, dropReply: 0 });
    this.world.loadBalancer.setHealth(black, { healthy: 2 });
    // by time, not by number: health may be shared for a second after it was read
    const deadline = Date.now() + 12_000;
    for (let asked = 0; Date.now() < deadline; asked += 1) {
      const state = await eventually<RolloutState>(
        'an end or a question',
        async () => {
          const view = await this.world.rollouts.get(operator, this.id);
          return (hasEnded(view.state) || view.state === 'Blocked' || view.state === 'Paused') && view.state;
        },
        12_000,
      );
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

  private async check(): Promise<void> {
    const { writes } = this.world.loadBalancer;
    const { decisions, intents } = await this.timeline();
    const view = await this.world.rollouts.get(operator, this.id);
    if (!hasEnded(view.state))
      throw new Error(
        `in limbo: ${view.state} ${view.message}\n${decisions.map((one) => `${one.createdAt} ${one.kind} ${one.state}: ${one.message} ${one.endMessage ?? ''}`).join('\n')}`,
      );
    for (const { after } of writes) expect(isSafe(after)).toBe(true); // I1
    this.checkSteps(decisions.filter((one) => one.kind === 'shift').map((one) => one.stepIndex));
    expect(decisions.map((one) => one.state)).not.toContain('decided'); // every line ends
    const intended = new Set(intents.filter((one) => one.attempts > 0).map((one) => JSON.stringify(one.after)));
    for (const { after } of writes) expect(intended).toContain(JSON.stringify(after)); // nothing that no decision explains
    if (this.abortedAfter !== null) expect(writes.length - this.abortedAfter).toBeLessThanOrEqual(1); // I6: what was in flight
    if (this.editedAfter !== writes.length) this.checkLive(view);
    const { rows } = await this.world.pool.query<{ early: string }>(early, [this.id]);
    expect(rows).toEqual([]); // I5: never early, unless a person advanced or adopted
  }

  /** The end is true, where nobody used the console after the last write. */
  private checkLive(view: RolloutView): void {
    const live = this.world.loadBalancer.weightsOf(this.world.routeArn);
    if (view.state === 'Succeeded') expect(view.expected.rte_1).toEqual(live);
    if (view.state === 'RolledBack') expect([shareOf(live, red), shareOf(live, black)]).toEqual([1000, 0]);
  }

  /** I4: the index never skips and never goes back. */
  private checkSteps(indexes: readonly (number | null)[]): void {
    indexes.forEach((index, i) => expect((index ?? 0) - (indexes[i - 1] ?? -1)).toBeLessThanOrEqual(1));
    expect([...indexes].sort()).toEqual(indexes);
  }
}

function isSafe(after: Weights): boolean {
  const inRange = after.every(({ weight }) => Number.isInteger(weight) && weight >= 0 && weight <= 999);
  return inRange && after.length <= 5 && after.some(({ weight }) => weight > 0);
}

/** Steps sent sooner than the hold (100 ms) after the one before was verified, with no person's word in between. */
const early = `
  SELECT later.id AS early FROM intents later
  JOIN LATERAL (SELECT max(i.settled_at) AS at FROM intents i WHERE i.rollout_id = later.rollout_id AND i.state = 'applied' AND i.step_index < later.step_index) former ON true
  WHERE later.rollout_id = $1 AND later.purpose = 'step' AND later.sent_at < former.at + interval '95 ms'
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.rollout_id = later.rollout_id AND d.kind IN ('advance', 'adopt', 'reassert') AND d.created_at < later.created_at)`;

describe('whatever people, faults and dying replicas do to a rollout', () => {
  it('keeps the rules, ends, and explains every weight', async () => {
    const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
    console.info(`verbs-race: SLUICE_SEED=${String(seed)}`);
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { minLength: 4, maxLength: 16 }), (list) => Run.of(list)),
      { seed, numRuns: runs, endOnFailure: true, interruptAfterTimeLimit: 100_000 },
    );
  }, 180_000);
});
