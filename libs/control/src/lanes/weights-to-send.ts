import type { LiveRoute, Weights } from '@sluice/domain';
import { apportion, sameWeights, shareOf } from '@sluice/domain';
import type { Intent } from './intent.js';
import type { Settlement } from './lane-store.js';

export type WeightsToSend =
  { readonly ok: true; readonly after: Weights } | { readonly ok: false; readonly settlement: Settlement };

/**
 * What goes out, given what is live right now. A planned write goes out only over the weights it was decided on;
 * a rollback or reassertion goes out over anything, and leaves a share to whatever isn't ours. It goes out even where
 * its weights are read as live already: that read may be older than a step's write (F26), and writing twice is harmless.
 */
export function weightsToSend(intent: Intent, live: LiveRoute): WeightsToSend {
  const seen = live.action.weights;
  if (live.ownership.kind === 'continuous') {
    return refuse(
      'RouteOwnedByReconciler',
      `${live.ownership.owner} owns this route (${live.ownership.evidence}). ${live.ownership.advice}`,
      seen,
    );
  }
  if (intent.purpose === 'rollback' || intent.purpose === 'reassert')
    return { ok: true, after: withOthers(intent, seen) };
  if (sameWeights(seen, intent.after))
    return {
      ok: false,
      settlement: { state: 'applied', message: 'Already live; nothing was written.', live: seen, requestId: null },
    };
  if (sameWeights(seen, intent.before)) return { ok: true, after: intent.after };
  return refuse(
    'LiveWeightsDiffer',
    'Live weights are not what this write was decided on: somebody else changed them.',
    seen,
  );
}

/** Rule 8: what isn't ours keeps its share, also when it came after the decision. */
function withOthers(intent: Intent, live: Weights): Weights {
  const isKnown = (arn: string) => intent.after.some((one) => one.targetGroupArn === arn);
  const others = live.filter((one) => !isKnown(one.targetGroupArn) && !intent.backends.includes(one.targetGroupArn));
  const lateBackends = live.filter(
    (one) => !isKnown(one.targetGroupArn) && intent.backends.includes(one.targetGroupArn),
  );
  if (others.length === 0 && lateBackends.length === 0) return intent.after;
  const left = 1000 - others.reduce((sum, one) => sum + shareOf(live, one.targetGroupArn), 0);
  return apportion([
    ...intent.after.map((one) => ({
      targetGroupArn: one.targetGroupArn,
      share: (shareOf(intent.after, one.targetGroupArn) * Math.max(0, left)) / 1000,
    })),
    ...others.map((one) => ({ targetGroupArn: one.targetGroupArn, share: shareOf(live, one.targetGroupArn) })),
    ...lateBackends.map((one) => ({ targetGroupArn: one.targetGroupArn, share: 0 })),
  ]);
}

function refuse(reason: string, message: string, live: Weights): WeightsToSend {
  return { ok: false, settlement: { state: 'failed', reason, message, live, requestId: null } };
}
