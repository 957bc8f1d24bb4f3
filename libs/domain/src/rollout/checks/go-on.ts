import { counted } from '../../text/duration.js';
import { stepText } from '../../text/shares-text.js';
import { atRecheck, type Context, type Verdict } from '../context.js';
import { forcedText } from './receivers.js';

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
  const name = stepText(plan, target.index).replace(/^s/, 'S');
  if (at.unfinished && target.changes.length === 0) {
    return {
      kind: 'shift',
      reason: 'NextStep',
      message: `${name} is live on every route; its hold begins.`,
      stepIndex: target.index,
      changes: [],
      wakeAt: at.now,
    };
  }
  const starts = at.unfinished ? 'goes on with what was not written yet' : 'starts';
  const writes =
    target.changes.length === 0 ? 'changes no weight' : `writes ${counted(target.changes.length, 'route')}`;
  const by = [
    rollout.advanceRequestedBy === null || at.unfinished ? '' : `, advanced by ${rollout.advanceRequestedBy}`,
    rollout.forced ? `, ${forcedText(rollout.forced)}` : '',
  ].join('');
  // A step that changes nothing is verified at once and has its hold to begin; otherwise the writes' outcome wakes us first.
  const wakeAt = target.changes.length === 0 ? at.now : atRecheck(at);
  return {
    kind: 'shift',
    reason: 'NextStep',
    message: `${name} ${starts} and ${writes}${by}.`,
    stepIndex: target.index,
    changes: target.changes,
    wakeAt,
  };
}
