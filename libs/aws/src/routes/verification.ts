import { sameWeights, type ForwardAction } from '@sluice/domain';

/**
 * What a reply shows otherwise than was sent, as a clause for a message; null where nothing. The digests of other
 * actions leave out what is for sending only, so a list that was sent and the one that AWS stored compare.
 */
export function whatDiffers(sent: ForwardAction | null, stored: ForwardAction | null): string | null {
  if (sent === null || stored === null) return 'the reply did not show the forward action';
  const differs = [
    ...(sameWeights(sent.weights, stored.weights) ? [] : ['the weights']),
    ...(same(sent.stickiness, stored.stickiness) ? [] : ['the stickiness']),
    ...(same(sent.otherActions, stored.otherActions) ? [] : ['the other actions']),
  ];
  return differs.length === 0 ? null : `the reply showed ${differs.join(' and ')} otherwise than sent`;
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right); // both made by `canonicalForward`: same order of fields
}
