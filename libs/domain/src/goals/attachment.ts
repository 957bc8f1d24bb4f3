import { isAttached, shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { explicitAlone } from './exact-weights.js';
import type { Resolved } from './types.js';
import { refused } from './wanted.js';

/** Adds target groups at weight 0; nobody's share changes. */
export function attached(targetGroupArns: readonly string[], live: Weights): Resolved {
  const missing = [...new Set(targetGroupArns)].filter((arn) => !isAttached(live, arn));
  // alone it may carry any weight, even 0, and still have all requests; beside others its weight has to say so
  const alone =
    live.length === 1 && missing.length > 0 ? live.map((one) => ({ ...one, weight: 100 })) : explicitAlone(live);
  return safely([...alone, ...missing.map((targetGroupArn) => ({ targetGroupArn, weight: 0 }))], 'attached');
}

/** Takes target groups without a share out of the action; nobody's share changes. */
export function detached(targetGroupArns: readonly string[], live: Weights): Resolved {
  const serving = targetGroupArns.filter((arn) => shareOf(live, arn) > 0);
  if (serving.length > 0)
    return refused(
      'StillServing',
      `Target groups that still have weight can't be taken out: ${serving.join(', ')}. Move their share first.`,
    );
  return safely(
    explicitAlone(live).filter((one) => !targetGroupArns.includes(one.targetGroupArn)),
    'detached',
  );
}

function safely(weights: Weights, done: string): Resolved {
  const after = sortWeights(weights);
  const unsafe = unsafeWeights(after);
  return unsafe
    ? refused('UnsafeWeights', `The target groups can't be ${done}: ${unsafe}.`)
    : { ok: true, weights: after };
}
