import { counted, listed } from '../../text/duration.js';
import { healthText } from '../../text/health-text.js';
import { own } from '../../text/record.js';
import { saidOfBackends } from '../../text/said-of-backends.js';
import { backendText, stepText } from '../../text/shares-text.js';
import { isAttached } from '../../weights/equal.js';
import type { TargetHealth } from '../../route/types.js';
import { unsafeWeights } from '../../weights/validate.js';
import { atRecheck, healthKnown, minHealthyOf, soon, type Check, type Context, type Known } from '../context.js';
import { healthyReceiverStays, raisedIn, type ReceiverAnswer } from '../receivers.js';
import type { RouteChange } from '../decision.js';
import type { FrozenBackend, FrozenRoute } from '../types.js';

interface Raised {
  readonly route: FrozenRoute;
  readonly backend: FrozenBackend;
  readonly change: RouteChange;
  readonly health: Known<TargetHealth>;
  readonly name: string;
}

/** The backends whose share the next step would raise. */
function raised(at: Context): readonly Raised[] {
  return (at.target?.changes ?? []).flatMap((change) => raisedBy(at, change));
}

function raisedBy(at: Context, change: RouteChange): readonly Raised[] {
  const route = routeOf(at, change);
  if (!route) return [];
  const arns = raisedIn(change, route.pinned);
  return route.backends
    .filter((backend) => arns.includes(backend.targetGroupArn))
    .map((backend) => ({
      route,
      backend,
      change,
      health: healthKnown(at, backend.targetGroupArn),
      name: backendText(route, backend),
    }));
}

/** Whether health that the next step stands on is still to be read. */
export function hasUnknownReceivers(at: Context): boolean {
  return at.rollout.forced === null && unknownReceivers(at).length > 0;
}

/** Whether what is known of the receivers keeps this route from being written. */
export function isIll(at: Context, change: RouteChange): boolean {
  const isWeak = ({ health }: Raised) => health.kind === 'fresh' && health.value.healthy < neededOf(at);
  const mayRise = at.rollout.forced !== null || !raisedBy(at, change).some((one) => isWeak(one) || isLoose(one));
  return !mayRise || !staysHealthy(at, change).ok;
}

function neededOf(at: Context): number {
  return at.target ? minHealthyOf(at, at.target.step) : 0;
}

function isLoose({ backend, change }: Raised): boolean {
  return !isAttached(change.before, backend.targetGroupArn);
}

function unknownReceivers(at: Context): readonly Raised[] {
  return raised(at).filter((one) => one.health.kind === 'unknown');
}

function nextStepText(at: Context): string {
  return at.target ? stepText(at.rollout.plan, at.target.index) : 'the next step';
}

/** A cluster that is retired never gets a share again; forcing doesn't change that. */
export const aReceiverIsRetired: Check = (at) => {
  const retired = raised(at).filter(({ backend }) => own(at.seen.clusters, backend.clusterId)?.retired);
  if (retired.length === 0) return null;
  return {
    kind: 'block',
    reason: 'ClusterIsRetired',
    message:
      `${nextStepText(at)} would raise the share of ${names(retired)}, which is retired. Roll back, or abort and start a plan without it.`.replace(
        /^s/,
        'S',
      ),
    wakeAt: null,
    diffs: [],
  };
};

/** A cordoned cluster keeps what it has and gets no more. */
export const aReceiverIsCordoned: Check = (at) => {
  const cordoned = raised(at).filter(({ backend }) => own(at.seen.clusters, backend.clusterId)?.cordoned);
  if (cordoned.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'ClusterIsCordoned',
    message:
      `${nextStepText(at)} would raise the share of ${names(cordoned)}, which is cordoned. Uncordon it, abort, or roll back.`.replace(
        /^s/,
        'S',
      ),
    wakeAt: atRecheck(at),
  };
};

/** Whether a receiver's cluster is cordoned or retired isn't known: no data is never a pass. */
export const aReceiversClusterIsUnknown: Check = (at) => {
  const unknown = at.active ? raised(at).filter(({ backend }) => !own(at.seen.clusters, backend.clusterId)) : [];
  if (unknown.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'ObservationIsStale',
    message: `Nothing is known of the cluster of ${names(unknown)}; it is looked up again before its share is raised.`,
    wakeAt: soon(at),
  };
};

/** Nobody health-checks a target group outside the action, so its health could never be told (rule 10). */
export const aReceiverIsNotAttached: Check = (at) => {
  const loose = raised(at).filter(isLoose);
  if (loose.length === 0) return null;
  const told = `${nextStepText(at)} would raise the share of ${names(loose)}, whose target group is not in the action yet, so nobody health-checks it`;
  const { forced } = at.rollout;
  if (forced)
    return {
      kind: 'note',
      reason: 'ReceiverNotAttached',
      message: `${told}; ${forcedText(forced)}`.replace(/^s/, 'S'),
    };
  return {
    kind: 'hold',
    reason: 'ReceiverNotAttached',
    message:
      `${told}. Attach it at weight 0 first: register the backend again, or begin the plan with a step that gives it 0.`.replace(
        /^s/,
        'S',
      ),
    wakeAt: atRecheck(at),
  };
};

/** No fresh health of a receiver: no data is never a pass (rule 11). */
export const aReceiversHealthIsUnknown: Check = (at) => {
  const blind = at.active && !at.rollout.forced ? unknownReceivers(at) : [];
  if (blind.length === 0) return null;
  const told = saidOfBackends(
    blind,
    (subject, { health }) => `the target health of ${subject} ${health.kind === 'unknown' ? health.why : ''}`,
    at.rollout.plan.routes.length,
  ).replace(/^t/, 'T');
  if (blind.some(({ health }) => health.kind === 'unknown' && health.cause === 'terminal')) {
    return {
      kind: 'block',
      reason: 'AwsUnreachable',
      message: `${told}. Waiting won't help: check that the target group still exists and that the account's role may read it, then resume.`,
      wakeAt: null,
      diffs: [],
    };
  }
  return {
    kind: 'hold',
    reason: 'ObservationIsStale',
    message: `${told}; it is read again before its share is raised.`,
    wakeAt: soon(at),
  };
};

/** A share is raised only where enough fresh healthy targets wait for it (rule 2), unless a named person forces it. */
export const aReceiverLacksHealthyTargets: Check = (at) => {
  if (!at.target) return null;
  const needed = neededOf(at);
  const weak = raised(at).filter(({ health }) =>
    health.kind === 'fresh' ? health.value.healthy < needed : at.rollout.forced !== null,
  );
  if (weak.length === 0) return null;
  const told = saidOfBackends(
    weak,
    (subject, { health }) =>
      `${subject} has ${health.kind === 'fresh' ? healthText(health.value) : `unknown health (${health.why})`}`,
    at.rollout.plan.routes.length,
  );
  const facts = {
    receivers: weak.map(({ name, health }) => ({
      backend: name,
      needed,
      healthy: health.kind === 'fresh' ? health.value.healthy : null,
    })),
  };
  const message =
    `${nextStepText(at)} needs ${counted(needed, 'healthy target')} of each backend that it raises: ${told}`.replace(
      /^s/,
      'S',
    );
  const { forced } = at.rollout;
  if (forced)
    return { kind: 'note', reason: 'WaitingForHealthyTargets', message: `${message}; ${forcedText(forced)}`, facts };
  return { kind: 'hold', reason: 'WaitingForHealthyTargets', message: `${message}.`, facts, wakeAt: atRecheck(at) };
};

/** After the write a healthy backend must have weight, if any is healthy (rule 3); nobody can force that away. */
export const noHealthyReceiverWouldBeLeft: Check = (at) => {
  const refused = (at.target?.changes ?? []).flatMap((change) => {
    const answer = staysHealthy(at, change);
    return answer.ok ? [] : [{ ...answer, name: routeOf(at, change)?.name ?? change.routeId }];
  });
  const [first, ...others] = refused;
  if (!first) return null;
  const same = others.length === 0 ? '' : ` So it is with route ${listed(others.map(({ name }) => name))}.`;
  return {
    kind: 'hold',
    reason: first.reason,
    message: `Route ${first.name}: ${first.message}${same}`,
    wakeAt: atRecheck(at),
  };
};

function staysHealthy(at: Context, change: RouteChange): ReceiverAnswer {
  const route = routeOf(at, change);
  return healthyReceiverStays(change, at.seen.health, {
    now: at.now,
    maxFactAgeMs: at.rollout.plan.maxFactAgeMs,
    emergency: false,
    names: Object.fromEntries(
      route?.backends.map((backend) => [backend.targetGroupArn, backendText(route, backend)]) ?? [],
    ),
  });
}

function routeOf(at: Context, change: RouteChange): FrozenRoute | undefined {
  return at.rollout.plan.routes.find((one) => one.id === change.routeId);
}

/** The weights of the next step break a rule of the load balancer (rule 1), or can't be built around what is live. */
export const weightsWouldBeUnsafe: Check = (at) => {
  const { target } = at;
  if (!target) return null;
  const unsafe = target.changes.flatMap((change) => {
    const why = unsafeWeights(change.after);
    return why
      ? [`${at.rollout.plan.routes.find((one) => one.id === change.routeId)?.name ?? change.routeId}: ${why}`]
      : [];
  });
  const why = target.unbuildable ?? (unsafe.length > 0 ? listed(unsafe) : null);
  if (why === null) return null;
  return {
    kind: 'block',
    reason: 'UnsafeWeights',
    message:
      `${nextStepText(at)} can't be written: ${why}. Abort or roll back, and correct the plan or the pinned target groups.`.replace(
        /^s/,
        'S',
      ),
    wakeAt: null,
    diffs: [],
  };
};

function names(receivers: readonly Raised[]): string {
  return listed([...new Set(receivers.map((one) => one.name))]);
}

export function forcedText(forced: { readonly by: string; readonly reason: string }): string {
  return `forced by ${forced.by}: ${forced.reason}`;
}
