/** Integer weights can't keep a share to the last digit; a difference up to this, in tenths of a percent, is rounding. */
const roundingPermille = 2;

/** True when a share, in tenths of a percent, stays the same but for rounding. None never becomes some, nor some none. */
export function keepsShare(hadPermille: number, getsPermille: number): boolean {
  return hadPermille > 0 === getsPermille > 0 && Math.abs(hadPermille - getsPermille) <= roundingPermille;
}
