import { Clock } from '@sluice/control';

/** This machine's clock. Nothing that moves traffic is decided by it: that is Postgres's. */
export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
