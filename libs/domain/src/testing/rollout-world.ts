import { lookedAt } from '../facts/looked-at.js';
import type { Watched } from '../facts/types.js';
import { resolve } from '../goals/resolve.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
import { applied } from '../rollout/applied.js';
import type { Change, Proposal } from '../rollout/change.js';
import type { Decision } from '../rollout/decision.js';
import { decide } from '../rollout/decide.js';
import { decided, settled } from '../rollout/evolve.js';
import { said, type Said } from '../rollout/said.js';
import type { Instant, Observation, Rollout, RouteProgress, WriteFact } from '../rollout/types.js';
import { verbAllowed } from '../rollout/verbs.js';
import { sameWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { aCluster, aLiveRoute, black, healthOf, noon, red } from './builders.js';

interface Intent extends WriteFact {
  readonly stepIndex: number | null;
  readonly proposal: Proposal;
}

/** One transition, with what it was made of. */
export interface Transition {
  readonly before: Rollout;
  readonly after: Rollout;
  readonly seen: Observation;
  readonly now: Instant;
  readonly change: Change;
  /** null = a verb. */
  readonly decision: Decision | null;
}

const periodMs = 10_000;

/** AWS, the store and the lane as far as the pure functions meet them: a clock that is moved, looks, writes that end somehow. */
export class RolloutWorld {
  now: Instant = noon;
  readonly live = new Map<string, Weights>();
  /** Routes whose weights somebody else wrote last. */
  readonly movedByOthers = new Set<string>();
  readonly transitions: Transition[] = [];
  private readonly intents: Intent[] = [];
  private readonly standing = new Map<string, string>();
  private readonly actions = new Map<string, Watched<LiveRoute, Weights>>();
  private readonly groups = new Map<string, Watched<TargetHealth, number>>();

  constructor(public rollout: Rollout) {
    for (const route of rollout.plan.routes) this.live.set(route.id, route.baseline);
  }

  /** One round of looks: every action as it is, and red and black with so many healthy targets. */
  look(healthyRed: number, healthyBlack: number): void {
    for (const [routeId, weights] of this.live) {
      const fact = { ok: true, at: this.now, value: aLiveRoute(weights), freshForMs: 2 * periodMs } as const;
      const before = this.actions.get(routeId) ?? null;
      this.actions.set(routeId, lookedAt(before, fact, periodMs, (one) => one.action.weights, sameWeights).watched);
    }
    for (const [arn, healthy] of [[red, healthyRed] as const, [black, healthyBlack] as const]) {
      const fact = { ok: true, at: this.now, value: healthOf(arn, healthy), freshForMs: 2 * periodMs } as const;
      const before = this.groups.get(arn) ?? null;
      const markOf = (one: TargetHealth) => one.healthy;
      this.groups.set(arn, lookedAt(before, fact, periodMs, markOf, (a, b) => a === b).watched);
    }
  }

  seen(): Observation {
    const { actions, groups } = this;
    return {
      routes: Object.fromEntries([...actions].map(([id, one]) => [id, one.fact])),
      health: Object.fromEntries([...groups].map(([arn, one]) => [arn, one.fact])),
      clusters: { 'c-blue': aCluster('c-blue'), 'c-green': aCluster('c-green') },
      writes: this.intents
        .filter((one) => one.state === 'sent' || this.standing.get(one.routeId) === one.intentId)
        .map(({ stepIndex: _s, proposal: _p, ...fact }) => fact),
      watch: { actions: Object.fromEntries(actions), health: Object.fromEntries(groups) },
    };
  }

  /** Whoever wakes it: only a rollout that moves is asked. */
  decide(): void {
    const { rollout, now } = this;
    if (rollout.state !== 'Running' && rollout.state !== 'RollingBack') return;
    const seen = this.seen();
    const decision = decide(rollout, seen, now);
    this.commit(decided(rollout, seen, decision, now), seen, decision);
  }

  say(word: Said): void {
    if (!verbAllowed(this.rollout, word.verb, this.now).ok) return;
    const seen = this.seen();
    this.commit(said(this.rollout, seen, word, this.now), seen, null);
  }

  /** Somebody else writes. */
  meddle(routeId: string, weights: Weights): void {
    this.live.set(routeId, weights);
    this.movedByOthers.add(routeId);
  }

  /** The lane sends what is queued for a route, one at a time. */
  send(routeId: string): void {
    const mine = this.intents.filter((one) => one.routeId === routeId);
    const next = mine.find((one) => one.state === 'pending');
    if (!next || mine.some((one) => one.state === 'sent')) return;
    const live = this.live.get(routeId) ?? [];
    if (next.proposal.before !== null && !sameWeights(next.proposal.before, live)) {
      this.end(next, { state: 'failed', reason: 'LiveWeightsDiffer', live });
      return;
    }
    this.put(next, { state: 'sent' });
    this.progress(routeId, { touched: true });
  }

  /** What was sent ends: AWS took it and says so, or its outcome stays unknown, whether AWS took it or not. */
  settle(routeId: string, how: 'applied' | 'taken, unknown' | 'lost, unknown'): void {
    const one = this.intents.find((intent) => intent.routeId === routeId && intent.state === 'sent');
    const route = this.rollout.plan.routes.find((candidate) => candidate.id === routeId);
    if (!one || !route) return;
    const made = resolve(one.proposal.goal, this.live.get(routeId) ?? [], route);
    if (made.ok && how !== 'lost, unknown') {
      this.live.set(routeId, made.weights);
      this.movedByOthers.delete(routeId);
    }
    if (made.ok && how === 'applied') this.end(one, { state: 'applied', reason: null, live: made.weights });
    else this.end(one, { state: 'failed', reason: 'OutcomeUnknown', live: null });
  }

  private end(intent: Intent, outcome: Pick<WriteFact, 'reason' | 'live'> & { state: 'applied' | 'failed' }): void {
    this.put(intent, outcome.state === 'applied' ? { ...outcome, live: null } : outcome);
    const progress = this.rollout.routes.find((route) => route.routeId === intent.routeId);
    const patch = progress && settled(progress, intent, outcome, this.now);
    if (!patch) return;
    // a write that something newer stands for only says what is live
    const stands = this.standing.get(intent.routeId) === intent.intentId;
    const { write: _w, baseline: _b, ...whole } = patch;
    this.progress(intent.routeId, stands ? whole : { expected: patch.expected ?? progress.expected });
  }

  private commit(change: Change, seen: Observation, decision: Decision | null): void {
    const before = this.rollout;
    this.rollout = applied(before, change);
    this.transitions.push({ before, after: this.rollout, seen, now: this.now, change, decision });
    if (change.supersede !== null)
      for (const one of this.intents.filter((intent) => intent.state === 'pending'))
        this.put(one, { state: 'superseded' });
    for (const patch of change.routes) if (patch.write === null) this.standing.delete(patch.routeId);
    for (const proposal of change.move?.proposals ?? []) {
      const intentId = `intent-${String(this.intents.length)}`;
      const purpose = change.move?.purpose === 'rollback' ? 'rollback' : 'step';
      const stepIndex = change.move?.stepIndex ?? null;
      const { routeId } = proposal;
      this.intents.push({
        ...{ intentId, routeId, purpose, stepIndex, proposal },
        ...{ state: 'pending', reason: null, message: null, live: null },
      });
      this.standing.set(routeId, intentId);
    }
  }

  private put(intent: Intent, change: Partial<WriteFact>): void {
    this.intents[this.intents.indexOf(intent)] = { ...intent, ...change };
  }

  private progress(routeId: string, change: Partial<RouteProgress>): void {
    const routes = this.rollout.routes.map((route) => (route.routeId === routeId ? { ...route, ...change } : route));
    this.rollout = { ...this.rollout, routes };
  }
}
