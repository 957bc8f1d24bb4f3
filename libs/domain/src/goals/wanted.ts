import type { Share } from '../weights/apportion.js';
import type { Weights } from '../weights/types.js';
import type { Resolved } from './types.js';

export type Refused = Extract<Resolved, { readonly ok: false }>;

/** What a goal asks for before the mask. */
export interface Wanted {
  readonly ok: true;
  /** How ours split what the others leave; only the ratio counts. */
  readonly ours: readonly Share[];
  /** Whatever in here isn't ours keeps the share that it has in here. */
  readonly around: Weights;
  /** The very integers, where those are given. */
  readonly exact: Weights | null;
}

export function refused(reason: Refused['reason'], message: string): Refused {
  return { ok: false, reason, message };
}
