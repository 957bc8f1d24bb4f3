import type { AccountClients } from './access-clients.js';

/** Clients that may be put out of use at any time, and are closed when the last call on them has ended. */
export class KeptClients {
  private calls = 0;
  private retired = false;

  constructor(private readonly clients: AccountClients) {}

  async use<Reply>(call: (clients: AccountClients) => Promise<Reply>): Promise<Reply> {
    this.calls += 1;
    try {
      return await call(this.clients);
    } finally {
      this.calls -= 1;
      this.destroyIfUnused();
    }
  }

  /** No new calls come; those under way end undisturbed. */
  retire(): void {
    this.retired = true;
    this.destroyIfUnused();
  }

  /** Closes every connection now. */
  destroy(): void {
    this.clients.destroy();
  }

  private destroyIfUnused(): void {
    if (this.retired && this.calls === 0) this.clients.destroy();
  }
}
