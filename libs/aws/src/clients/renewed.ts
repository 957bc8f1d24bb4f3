/** What AWS lends for a while. */
interface Temporary {
  readonly expiration?: Date | undefined;
}

/** Renewed this long before they run out, as the SDK does: a call that starts now must end with them. */
const marginMs = 300_000;

/** Temporary credentials, kept until shortly before they run out; whoever asks in the meantime waits for the same renewal. */
export class Renewed<Credentials extends Temporary> {
  private current: Credentials | null = null;
  private pending: Promise<Credentials> | null = null;

  /** Whether `get` sends nothing. */
  get fresh(): boolean {
    const expiration = this.current?.expiration;
    return this.current !== null && (expiration === undefined || expiration.getTime() - Date.now() > marginMs);
  }

  /** @throws what `renew` throws; the next call tries again */
  async get(renew: () => Promise<Credentials>): Promise<Credentials> {
    if (this.current !== null && this.fresh) return this.current;
    this.pending ??= renew().finally(() => {
      this.pending = null;
    });
    this.current = await this.pending;
    return this.current;
  }
}
