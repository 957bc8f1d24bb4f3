import type { Share } from '../weights/apportion.js';
import type { Weights } from '../weights/types.js';
import type { Resolved } from './types.js';

export type Refused = Extract<Resolved, { readonly ok: false }>;

/** What a goal asks for before the mask: shares, and the integers that say them where those are given. */
export interface Wanted {
  readonly ok: true;
  readonly shares: readonly Share[];
  readonly exact: Weights | null;
}

export function refused(reason: Refused['reason'], message: string): Refused {
  return { ok: false, reason, message };
}
