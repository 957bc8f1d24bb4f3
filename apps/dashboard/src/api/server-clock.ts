let aheadMs = 0;

/** Learns from a reply's `Date` how far this computer's clock is off. The header has whole seconds, so less than two is taken for none. */
export function noteServerTime(date: string | null): void {
  const serverMs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(serverMs)) return;
  const difference = serverMs + 500 - Date.now();
  aheadMs = Math.abs(difference) < 2_000 ? 0 : difference;
}

/** The server's time in ms, so that countdowns are right on a computer whose clock isn't. */
export function serverNow(): number {
  return Date.now() + aheadMs;
}
