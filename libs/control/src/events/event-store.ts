import type { Actor, EventType } from '@sluice/domain';

export interface EventView {
  /** Decimal; without gaps, in the order in which events became visible. The SSE id. */
  readonly seq: string;
  readonly projectId: string | null;
  readonly type: EventType;
  /** `rollout/rol_…` */
  readonly subject: string;
  readonly actor: Actor;
  /** Of what people and programs change: as the API showed it; null = it wasn't there, or the engine tells of its own work. */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** As the API shows it since; null = it is gone, or the engine tells of its own work. */
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it was written, ISO 8601: shortly before its number was given. */
  readonly at: string;
}

/** The numbered events. Whoever asks for everything after the last number seen misses nothing. */
export abstract class EventStore {
  /** In order, at most `limit`; `projectId` null = of every project. */
  abstract after(
    seq: bigint,
    filter: { readonly projectId: string | null },
    limit: number,
  ): Promise<readonly EventView[]>;
  /** The last number given; 0 = none yet. */
  abstract latest(): Promise<bigint>;
}

/**
 * The right to number events, which one process at a time has, so that an idle installation is asked by one alone.
 * Nothing breaks when two believe they have it: numbering itself is one at a time.
 */
export abstract class SealingRight {
  /**
   * Resolves once this process has it, however long that takes; null = `signal` was aborted first.
   * Rejects when the database can't be reached.
   */
  abstract take(signal: AbortSignal): Promise<HeldSealingRight | null>;
}

export interface HeldSealingRight {
  /**
   * Gives the next numbers to at most `limit` events that have committed; returns to how many.
   * Rejects when the right may be lost: release it and take it anew.
   */
  seal(limit: number): Promise<number>;
  /** Hands it over at once. Never rejects. */
  release(): Promise<void>;
}
