import type { Caller } from '../context.js';
import { scope } from '../rollouts/rollouts.js';
import type { EventBatch, EventFeed } from './event-feed.js';
import type { EventStore } from './event-store.js';

/** Events as a caller may see them. A reader that goes on from where it was misses nothing. */
export class Events {
  constructor(
    private readonly store: EventStore,
    private readonly feed: EventFeed,
  ) {}

  /** What comes after number `seq`, at most `limit`; `projectId` null or absent = all that the caller may see. */
  after(caller: Caller, seq: bigint, limit: number, projectId?: string | null): Promise<EventBatch> {
    return this.feed.after(seq, { projectId: scope(caller, projectId) }, limit);
  }

  latest(): Promise<bigint> {
    return this.store.latest();
  }

  /** Calls `listener` when there is something new, until what it returns is called. */
  subscribe(listener: () => void): () => void {
    return this.feed.follow(listener);
  }
}
