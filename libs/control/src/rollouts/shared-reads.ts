/** One read shared by everybody who asks for the same thing at about the same time. Times are monotonic milliseconds. */
export class SharedReads<T> {
  private readonly kept = new Map<string, { readonly at: number; readonly value: Promise<T> }>();

  constructor(private readonly now: () => number) {}

  /** A value read no earlier than `notBefore`: the kept one, or a new read under way for all who ask meanwhile. */
  async get(key: string, notBefore: number, read: () => Promise<T>): Promise<{ value: T; at: number }> {
    const kept = this.kept.get(key);
    if (kept && kept.at >= notBefore) return { value: await kept.value, at: kept.at };
    const at = this.now();
    const value = read();
    const entry = { at, value };
    this.kept.set(key, entry);
    value.catch(() => this.kept.get(key) === entry && this.kept.delete(key));
    this.forgetOlderThan(at - 60_000);
    return { value: await value, at };
  }

  private forgetOlderThan(limit: number): void {
    for (const [key, entry] of this.kept) {
      if (entry.at >= limit) return;
      this.kept.delete(key);
    }
  }
}
