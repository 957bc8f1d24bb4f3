import type { Pool } from 'pg';
import { Clock, type Timers } from '@sluice/control';

/**
 * Postgres's present on this machine: an offset to the monotonic clock, measured with `sync`. Steps of this machine's own
 * wall clock don't reach it; until the first measurement it is what the wall clock says.
 */
export class PostgresClock extends Clock {
  private offsetMs: number;

  constructor(
    private readonly pool: Pick<Pool, 'query'>,
    private readonly timers: Timers,
    wallClockMs: number,
  ) {
    super();
    this.offsetMs = wallClockMs - timers.now();
  }

  now(): number {
    return Math.round(this.timers.now() + this.offsetMs);
  }

  /** Measures anew, taking the reply for the middle of its round trip. Call it at the start and every half minute. */
  async sync(): Promise<void> {
    const askedAt = this.timers.now();
    const { rows } = await this.pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const gotAt = this.timers.now();
    const now = rows[0]?.now;
    if (now) this.offsetMs = now.getTime() - (askedAt + gotAt) / 2;
  }
}
