import pg from 'pg';

export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A pool that notes every statement that goes through it, also those of a transaction and those of Prisma. */
export class NotingPool extends pg.Pool {
  readonly sent: Sent[] = [];

  /** What was sent meanwhile and has a plan. */
  async during(work: () => Promise<unknown>): Promise<readonly Sent[]> {
    this.sent.length = 0;
    await work();
    return this.sent.filter(({ text }) => /^\s*(SELECT|UPDATE|INSERT|DELETE|WITH)/i.test(text));
  }

  override connect(...args: unknown[]): never {
    const connecting = (super.connect as (...all: unknown[]) => Promise<pg.PoolClient> | undefined)(...args);
    if (args.length > 0) return connecting as never;
    return connecting!.then((client) => {
      const query = client.query.bind(client) as (...all: unknown[]) => unknown;
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query')
            return (...all: unknown[]) => {
              this.note(all);
              return query(...all);
            };
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(target) : value;
        },
      });
    }) as never;
  }

  override query(...args: unknown[]): never {
    this.note(args);
    return (super.query as (...all: unknown[]) => never)(...args);
  }

  private note([query, values]: readonly unknown[]): void {
    const config = typeof query === 'string' ? { text: query } : (query as { text: string; values?: unknown[] });
    this.sent.push({ values: [], ...config, ...(Array.isArray(values) ? { values } : {}) });
  }
}
