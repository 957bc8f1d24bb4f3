import { Agent, request } from 'undici';

/** Where an address of the sandbox's VPC really is. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The cluster whose pod or node it is, if who registered it said so. */
  readonly cluster?: string;
}

export type Endpoints = Readonly<Record<string, Endpoint>>;

/** Answers where an address of the VPC really is. */
export interface NetworkView {
  /** `id` is an IP address or an instance id; undefined if nobody has that address and port. */
  resolve(id: string, port: number): Promise<Endpoint | undefined>;
  close(): Promise<void>;
}

/** The network registry as read over HTTP, at most 250 ms old, and fresh before it says that nobody is there; while it can't be read, the last that was. */
export class RemoteNetwork implements NetworkView {
  private readonly agent = new Agent({ keepAliveTimeout: 4_000, connections: 2 });
  private endpoints: Endpoints = {};
  private readAtMs = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly maxAgeMs = 250,
  ) {}

  async resolve(id: string, port: number): Promise<Endpoint | undefined> {
    const isOld = performance.now() - this.readAtMs > this.maxAgeMs;
    if (isOld) await this.readOnce();
    const known = this.endpoints[`${id}:${port}`];
    if (known !== undefined || isOld) return known;
    await this.readOnce();
    return this.endpoints[`${id}:${port}`];
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private readOnce(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    try {
      const { statusCode, body } = await request(`${this.url}/network/endpoints`, {
        dispatcher: this.agent,
        headersTimeout: 2_000,
        bodyTimeout: 2_000,
      });
      const endpoints = await body.json();
      if (statusCode === 200) this.endpoints = endpoints as Endpoints; // our own registry's reply
    } catch {
      // what was read last stays: a registry that restarts must not make every target vanish
    } finally {
      this.readAtMs = performance.now();
    }
  }
}
