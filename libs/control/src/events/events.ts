import type { Caller } from '../context.js';
import type { Signals } from '../rollouts/rollout-store.js';
import { scope } from '../rollouts/rollouts.js';
import type { EventStore, EventView } from './event-store.js';

/** Events as a caller may see them. A reader that remembers the last number it saw misses nothing. */
export class Events {
  constructor(
    private readonly store: EventStore,
    private readonly signals: Signals,
  ) {}

  after(caller: Caller, seq: bigint, limit: number, projectId?: string | null): Promise<readonly EventView[]> {
    return this.store.after(seq, { projectId: scope(caller, projectId) }, limit);
  }

  latest(): Promise<bigint> {
    return this.store.latest();
  }

  /** Calls `listener` when there may be something new. */
  subscribe(listener: () => void): () => void {
    return this.signals.on('events', listener);
  }
}
