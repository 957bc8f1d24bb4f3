/** 250 ms, doubling, at most 10 s. No jitter: one owner per account, so nobody to collide with. */
export function backoffMs(attempts: number): number {
  return Math.min(10_000, 250 * 2 ** Math.min(attempts, 10));
}
