import { counted, listed } from '../../text/duration.js';
import { stepText } from '../../text/shares-text.js';
import { atRecheck, type Check, type Context, type Verdict } from '../context.js';
import type { RouteChange } from '../decision.js';
import { forcedText, hasUnknownReceivers, isIll } from './receivers.js';

/** Nothing is in the way: the next step, and never another than the next (rule 4); after the last one's hold, the end. */
export function goOn(at: Context): Verdict {
  const { rollout, target } = at;
  const { plan } = rollout;
  if (!target) {
    return {
      kind: 'finish',
      outcome: 'Succeeded',
      reason: 'Completed',
      message: `All ${counted(plan.steps.length, 'step')} are verified and the last hold is served.`,
      wakeAt: null,
    };
  }
  if (at.unfinished && target.changes.length === 0) {
    return {
      kind: 'shift',
      reason: 'NextStep',
      message: `${stepText(plan, target.index).replace(/^s/, 'S')} is live on every route; its hold begins.`,
      stepIndex: target.index,
      changes: [],
      left: [],
      wakeAt: at.now,
    };
  }
  return shift(at, target.index, target.changes, []);
}

/**
 * Routes whose receivers are known to be ill keep no other route of the step from going on; what isn't known of any is
 * waited for first. They are written as soon as they are well, and until then the step is not held.
 */
export const goOnWhereHealthAllows: Check = (at) => {
  const { target } = at;
  if (!target || hasUnknownReceivers(at)) return null;
  const well = target.changes.filter((change) => !isIll(at, change));
  if (well.length === 0 || well.length === target.changes.length) return null;
  return shift(
    at,
    target.index,
    well,
    target.changes.filter((change) => !well.includes(change)),
  );
};

function shift(at: Context, stepIndex: number, changes: readonly RouteChange[], left: readonly RouteChange[]): Verdict {
  const { rollout } = at;
  const { plan } = rollout;
  const starts = at.unfinished ? 'goes on with what was not written yet' : 'starts';
  const writes = changes.length === 0 ? 'changes no weight' : `writes ${counted(changes.length, 'route')}`;
  const by = [
    rollout.advanceRequestedBy === null || at.unfinished ? '' : `, advanced by ${rollout.advanceRequestedBy}`,
    rollout.forced ? `, ${forcedText(rollout.forced)}` : '',
  ].join('');
  const names = left.map(({ routeId }) => plan.routes.find((route) => route.id === routeId)?.name ?? routeId);
  const rest = names.length === 0 ? '' : ` Left until the new backends are healthy there: route ${listed(names)}.`;
  return {
    kind: 'shift',
    reason: 'NextStep',
    message: `${stepText(plan, stepIndex).replace(/^s/, 'S')} ${starts} and ${writes}${by}.${rest}`,
    stepIndex,
    changes,
    left: left.map(({ routeId }) => routeId),
    // a step that changes nothing is verified at once and has its hold to begin; otherwise the writes' outcome wakes us first
    wakeAt: changes.length === 0 ? at.now : atRecheck(at),
  };
}
