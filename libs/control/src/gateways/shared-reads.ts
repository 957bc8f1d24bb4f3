import { readPriorities, type ReadPriority } from '@sluice/domain';
import type { ExternalFailure } from '../ports/external-failure.js';
import type { Timers } from '../ports/timers.js';

/** What one request showed of one subject, or why it showed nothing. */
export interface Seen<T> {
  readonly outcome:
    { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ExternalFailure };
  /** When the request began: monotonic ms, and by the clock. */
  readonly at: number;
  readonly clockAt: number;
}

export type SeenByArn<T> = ReadonlyMap<string, Seen<T>>;

/** One request: waits until `begin`, then asks for `items()` as they are by then. */
export type ReadBatch<I, T> = (
  accountId: string,
  priority: ReadPriority,
  items: () => readonly I[],
) => Promise<SeenByArn<T>>;

/** As `notBefore`: only a request that hasn't begun will do. */
export const yetToBegin = Infinity;

interface OpenBatch<I, T> {
  readonly key: string;
  readonly priority: ReadPriority;
  readonly items: Map<string, I>;
  /** Monotonic ms; nobody can join any more. null = it waits for its turn. */
  begunAt: number | null;
  readonly done: Promise<SeenByArn<T>>;
}

/**
 * Requests that several callers share: who asks while one waits for its turn comes along, and what has been seen recently
 * enough isn't asked again.
 */
export class SharedReads<I extends { readonly arn: string }, T> {
  private readonly open = new Set<OpenBatch<I, T>>();
  private readonly newest = new Map<string, Seen<T>>();

  constructor(
    /** Most subjects of one request. */
    private readonly size: number,
    private readonly read: ReadBatch<I, T>,
    private readonly timers: Timers,
    /** Items with different ones can't share a request. */
    private readonly groupOf: (item: I) => string = () => '',
  ) {}

  /**
   * Every item is in the reply, as a request showed it that began at `notBefore` (monotonic ms) or later. `isAlone`: nobody
   * else's items come along.
   */
  async ask(
    accountId: string,
    items: readonly I[],
    notBefore: number,
    priority: ReadPriority,
    isAlone = false,
  ): Promise<SeenByArn<T>> {
    const seen = new Map<string, Seen<T>>();
    const batches = new Map<OpenBatch<I, T>, readonly string[]>();
    for (const item of items) {
      const known = this.newest.get(keyOf(accountId, item.arn));
      if (known?.outcome.ok && known.at >= notBefore) {
        seen.set(item.arn, known);
        continue;
      }
      const batch = this.batchFor(
        keyOf(accountId, isAlone ? `alone ${item.arn}` : this.groupOf(item)),
        accountId,
        item,
        notBefore,
        priority,
      );
      batches.set(batch, [...(batches.get(batch) ?? []), item.arn]);
    }
    await Promise.all(
      [...batches].map(async ([batch, arns]) => {
        const shown = await batch.done;
        for (const arn of arns) seen.set(arn, shown.get(arn)!);
      }),
    );
    return seen;
  }

  /** Keeps what is still watched. */
  forget(isWatched: (accountId: string, arn: string) => boolean): void {
    for (const key of this.newest.keys()) {
      const [accountId = '', arn = ''] = key.split(' ');
      if (!isWatched(accountId, arn)) this.newest.delete(key);
    }
  }

  private batchFor(
    key: string,
    accountId: string,
    item: I,
    notBefore: number,
    priority: ReadPriority,
  ): OpenBatch<I, T> {
    for (const batch of this.open) {
      if (batch.key !== key || !this.mayJoin(batch, item, notBefore, priority)) continue;
      batch.items.set(item.arn, item);
      return batch;
    }
    return this.begin(accountId, key, item, priority);
  }

  /** One under way that shows the same, or one that waits, in no less a hurry than we are, with room. */
  private mayJoin(batch: OpenBatch<I, T>, item: I, notBefore: number, priority: ReadPriority): boolean {
    const isIn = batch.items.has(item.arn);
    if (batch.begunAt !== null) return isIn && batch.begunAt >= notBefore;
    return (isIn || batch.items.size < this.size) && isAsUrgent(batch.priority, priority);
  }

  private begin(accountId: string, key: string, item: I, priority: ReadPriority): OpenBatch<I, T> {
    const items = new Map([[item.arn, item]]);
    const batch: OpenBatch<I, T> = {
      key,
      priority,
      items,
      begunAt: null,
      // starts in the next microtask, when `batch` exists and the caller's other items have joined
      done: Promise.resolve()
        .then(() =>
          this.read(accountId, priority, () => {
            batch.begunAt = this.timers.now();
            return [...items.values()];
          }),
        )
        .then((seen) => {
          for (const [arn, one] of seen) this.keep(accountId, arn, one);
          return seen;
        })
        .finally(() => this.open.delete(batch)),
    };
    this.open.add(batch);
    return batch;
  }

  private keep(accountId: string, arn: string, seen: Seen<T>): void {
    const key = keyOf(accountId, arn);
    const before = this.newest.get(key);
    if (!before || before.at <= seen.at) this.newest.set(key, seen);
  }
}

/** ARNs and ids hold no space. */
function keyOf(accountId: string, rest: string): string {
  return `${accountId} ${rest}`;
}

function isAsUrgent(one: ReadPriority, than: ReadPriority): boolean {
  return readPriorities.indexOf(one) <= readPriorities.indexOf(than);
}
