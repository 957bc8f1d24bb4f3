import pg from 'pg';
import { Signals, signalTopics, type SignalTopic } from '@sluice/control';

const retryMs = 1_000;

/**
 * LISTEN on one connection of its own, opened again when it breaks. A listener is also called once after each
 * reconnection (payload ''), since what was told meanwhile is lost; pollers stand behind it all the same.
 */
export class PostgresSignals extends Signals {
  private readonly listeners = new Map<SignalTopic, Set<(payload: string) => void>>();
  private client: pg.Client | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly connectionString: string) {
    super();
  }

  on(topic: SignalTopic, listener: (payload: string) => void): () => void {
    const set = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, set.add(listener));
    return () => set.delete(listener);
  }

  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new pg.Client({ connectionString: this.connectionString, keepAlive: true });
    client.on('error', () => this.reconnect(client));
    client.on('end', () => this.reconnect(client));
    client.on('notification', ({ channel, payload }) =>
      this.tell(channel.replace('sluice_', '') as SignalTopic, payload ?? ''),
    );
    this.client = client;
    try {
      await client.connect();
      for (const topic of signalTopics) await client.query(`LISTEN sluice_${topic}`);
      for (const topic of signalTopics) this.tell(topic, '');
    } catch {
      this.reconnect(client);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    const client = this.client;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  private reconnect(broken: pg.Client): void {
    if (this.stopped || this.client !== broken) return;
    this.client = null;
    void broken.end().catch(() => undefined);
    this.timer = setTimeout(() => void this.start(), retryMs);
  }

  private tell(topic: SignalTopic, payload: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(payload);
  }
}
