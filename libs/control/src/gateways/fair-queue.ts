/** First in, first out within one key; keys that have something take turns. */
export class FairQueue<T> {
  /** Keys in the order of their turns. */
  private readonly byKey = new Map<string, Set<{ readonly item: T }>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Returns what takes it out again; harmless when it has gone already. */
  push(key: string, item: T): () => void {
    const entry = { item };
    const entries = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, entries.add(entry));
    this.count += 1;
    return () => this.remove(key, entries, entry);
  }

  shift(): T | undefined {
    for (const [key, entries] of this.byKey) {
      for (const entry of entries) {
        this.remove(key, entries, entry);
        // to the end: the others come first now
        if (this.byKey.delete(key)) this.byKey.set(key, entries);
        return entry.item;
      }
    }
    return undefined;
  }

  private remove(key: string, entries: Set<{ readonly item: T }>, entry: { readonly item: T }): void {
    if (!entries.delete(entry)) return;
    this.count -= 1;
    if (entries.size === 0) this.byKey.delete(key);
  }
}
