import type { Instant, PolicyFacts, ProposedChange, Purpose, RuleFinding, Weights } from '@sluice/domain';
import { isEmergency, mayMove, resolve, sameWeights, shareOf, worst } from '@sluice/domain';
import type { Intent } from './intent.js';
import type { LaneLooks } from './lane-looks.js';
import type { Settlement, Why } from './lane-store.js';

/** What is to be done with an intent, going by what is live and known at this moment. */
export type Prepared =
  | { readonly kind: 'send'; readonly after: Weights; readonly notes: readonly RuleFinding[] }
  | { readonly kind: 'settle'; readonly outcome: Settlement }
  | Deferred;

/** It stays the same intent; what it waits for is asked again after this. */
export interface Deferred {
  readonly kind: 'defer';
  readonly delayMs: number;
  readonly why: Why;
}

/** How soon a deferred intent is asked again; new looks come about as often. */
const deferMs = 2_000;

/** A person's and a plan's write go out over the weights that they were decided on; everything else over whatever is live. */
export function wantedWeights(intent: Intent, live: Weights): Prepared {
  if (intent.before === null) {
    const resolved = resolve(intent.goal, live, intent);
    if (resolved.ok) return { kind: 'send', after: resolved.weights, notes: [] };
    return failed(resolved.reason, `Not written: ${resolved.message}`, live);
  }
  if (sameWeights(live, intent.after))
    return {
      kind: 'settle',
      outcome: { state: 'applied', message: 'Already live; nothing was written.', live, requestId: null },
    };
  if (sameWeights(live, intent.before)) return { kind: 'send', after: intent.after, notes: [] };
  const message = 'Live weights are not what this write was decided on: somebody else changed them.';
  return intent.rolloutId === null
    ? failed('LiveWeightsDiffer', message, live)
    : { kind: 'settle', outcome: { state: 'superseded', reason: 'LiveWeightsDiffer', message } };
}

/** The last look before a send: the same list of rules that decides, asked with the facts of this moment. */
export function askPolicy(
  intent: Intent,
  live: Weights,
  after: Weights,
  facts: PolicyFacts,
  looks: LaneLooks,
): Prepared {
  const change: ProposedChange = {
    routeId: intent.routeId,
    routeName: intent.routeName,
    before: live,
    after,
    backends: intent.backends,
    pinned: intent.pinned,
    ownership: looks.ownerOf(intent.accountId, intent.routeArn),
    acknowledged: intent.acknowledged,
    minHealthyTargets: intent.minHealthyTargets,
    forced: intent.forced,
  };
  const findings = mayMove(change, facts, purposeOf(intent)).filter((finding) => bindsIt(intent, finding));
  const effect = worst(findings);
  const first = findings.find((finding) => finding.effect === effect);
  if (effect === null || effect === 'note' || !first) return { kind: 'send', after, notes: findings };
  // the tags of a route that was just registered are about to be read: nobody who was told yes is refused for that
  const isAboutToBeKnown = first.rule === 'ownership' && change.ownership === null;
  if (effect === 'hold' || isAboutToBeKnown)
    return { kind: 'defer', delayMs: deferMs, why: { reason: first.reason, message: first.message } };
  return failed(first.reason, first.message, live);
}

/**
 * What holds a planned write back whatever a read of its route would show, going by the watch alone; null = nothing is
 * known to. A write that waits for health or an owner must not spend the reads that would tell of them.
 */
export function heldBack(intent: Intent, looks: LaneLooks, now: Instant): Deferred | null {
  if (intent.before === null || purposeOf(intent) !== 'planned') return null;
  const health = watchedHealth(intent, intent.before, intent.after, looks);
  const prepared = askPolicy(intent, intent.before, intent.after, factsOf(intent, health, now), looks);
  return prepared.kind === 'defer' ? prepared : null;
}

/** Attaching and detaching: they follow from what a person did. */
function isFollowUp({ purpose }: Intent): boolean {
  return purpose === 'attach' || purpose === 'detach';
}

/** They move no share: what is asked of shares doesn't bind them. */
function bindsIt(intent: Intent, finding: RuleFinding): boolean {
  if (!isFollowUp(intent)) return true;
  return ['unsafeWeights', 'ownership', 'acknowledgement'].includes(finding.rule);
}

function purposeOf({ purpose, rolloutId }: Intent): Purpose {
  if (isEmergency(purpose)) return 'emergency';
  // a repair has no plan that could wait for it: it goes by what is read now, or ends
  return purpose === 'step' || (purpose === 'reassert' && rolloutId !== null) ? 'planned' : 'person';
}

/** Health seen within this lets an emergency go without another read. */
const emergencyFreshMs = 60_000;
/** How long an emergency waits for health that has to be read. */
const emergencyReadMs = 2_000;

/**
 * What is known of the target groups of the action. The watch's looks serve while they count; a plan waits for them.
 * A person's write, whose route nobody may be watching, reads what isn't known; an emergency reads the groups that would
 * get requests when none of them was seen healthy within a minute, and doesn't wait long.
 */
export async function factsFor(
  intent: Intent,
  live: Weights,
  after: Weights,
  looks: LaneLooks,
  now: Instant,
  within: (ms: number) => Promise<unknown>,
): Promise<PolicyFacts> {
  const purpose = purposeOf(intent);
  const health = watchedHealth(intent, live, after, looks);
  const receivers = after.map((one) => one.targetGroupArn).filter((arn) => shareOf(after, arn) > 0);
  const isKnown = (arn: string) => {
    const seen = health[arn];
    return seen?.fact.ok === true && Math.abs(now - seen.fact.at) <= seen.freshForMs;
  };
  const isHealthy = (arn: string) =>
    isKnown(arn) && health[arn]?.fact.ok === true && health[arn].fact.value.healthy > 0;
  if (purpose === 'emergency' && !receivers.some(isHealthy))
    await Promise.race([read(receivers, 'emergency'), within(emergencyReadMs)]);
  if (purpose === 'person' && !isFollowUp(intent))
    await read(
      [...new Set([...live, ...after].map((one) => one.targetGroupArn))].filter((arn) => !isKnown(arn)),
      'send',
    );
  return factsOf(intent, health, now);

  async function read(arns: readonly string[], priority: 'emergency' | 'send'): Promise<void> {
    await Promise.all(
      arns.map(async (arn) => {
        health[arn] = { fact: await looks.healthNow(intent.accountId, arn, priority), freshForMs: emergencyFreshMs };
      }),
    );
  }
}

type HealthFacts = Record<string, PolicyFacts['health'][string]>;

/** What the watch knows of the target groups of an action, before and after. */
function watchedHealth(intent: Intent, live: Weights, after: Weights, looks: LaneLooks): HealthFacts {
  const isUrgent = purposeOf(intent) === 'emergency';
  const health: HealthFacts = {};
  for (const { targetGroupArn } of [...live, ...after]) {
    const watched = looks.watchedHealth(intent.accountId, targetGroupArn);
    if (!watched) continue;
    const freshForMs = isUrgent ? Math.max(emergencyFreshMs, 2 * watched.periodMs) : 2 * watched.periodMs;
    health[targetGroupArn] = { fact: watched.fact, freshForMs };
  }
  return health;
}

function factsOf(intent: Intent, health: HealthFacts, now: Instant): PolicyFacts {
  return { now, health, clusters: clustersOf(intent), mask: new Set(), freeze: null };
}

function clustersOf(intent: Intent): PolicyFacts['clusters'] {
  return Object.fromEntries(
    intent.backends.map(({ clusterId, clusterName: name, cordoned, retired }) => [
      clusterId,
      { name, cordoned, retired },
    ]),
  );
}

export function failed(reason: string, message: string, live: Weights | null, requestId: string | null = null) {
  return { kind: 'settle', outcome: { state: 'failed', reason, message, live, requestId } } as const;
}
