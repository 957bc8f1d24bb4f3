import { setTimeout as delay } from 'node:timers/promises';
import { KubeApiError, type KubeClient, type RemoteObject, type Resource } from './kube-client.js';

export interface ObjectChange<T extends RemoteObject> {
  readonly now: T | undefined;
  readonly before: T | undefined;
}

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** A copy of all objects of a kind, kept fresh by list and watch; lists anew whenever the watch breaks. */
export class Reflector<T extends RemoteObject> {
  private readonly objects = new Map<string, T>();
  private readonly aborter = new AbortController();
  private readonly listeners: ((change: ObjectChange<T>) => void)[] = [];
  private loop: Promise<void> | undefined;
  private synced: (() => void) | undefined;
  /** Settles after the first list. */
  readonly whenSynced = new Promise<void>((resolve) => {
    this.synced = resolve;
  });

  constructor(
    private readonly client: KubeClient,
    private readonly resource: Resource,
  ) {}

  onChange(listener: (change: ObjectChange<T>) => void): this {
    this.listeners.push(listener);
    return this;
  }

  start(): this {
    this.loop = this.run();
    return this;
  }

  async stop(): Promise<void> {
    this.aborter.abort();
    await this.loop;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.objects.get(`${namespace ?? ''}/${name}`);
  }

  all(): T[] {
    return [...this.objects.values()];
  }

  private async run(): Promise<void> {
    const { signal } = this.aborter;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        const version = await this.listAll();
        pauseMs = firstPauseMs;
        await this.follow(version);
      } catch {
        if (signal.aborted) return;
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  }

  private async listAll(): Promise<string> {
    const { items, metadata } = await this.client.list<T>(this.resource);
    const seen = new Set<string>();
    for (const item of items) {
      seen.add(keyOf(item));
      this.set(item);
    }
    for (const [key, gone] of [...this.objects]) if (!seen.has(key)) this.drop(gone);
    this.synced?.();
    return metadata.resourceVersion;
  }

  private async follow(from: string): Promise<void> {
    let version = from;
    while (!this.aborter.signal.aborted) {
      for await (const { type, object } of this.client.watch<T>(this.resource, version, this.aborter.signal)) {
        if (type === 'ERROR') throw new KubeApiError(410, 'Expired', 'the watch is too old');
        version = object.metadata.resourceVersion ?? version;
        if (type === 'DELETED') this.drop(object);
        else if (type !== 'BOOKMARK') this.set(object);
      }
    }
  }

  private set(now: T): void {
    const before = this.objects.get(keyOf(now));
    if (before?.metadata.resourceVersion === now.metadata.resourceVersion) return;
    this.objects.set(keyOf(now), now);
    for (const listener of this.listeners) listener({ now, before });
  }

  private drop(gone: T): void {
    if (!this.objects.delete(keyOf(gone))) return;
    for (const listener of this.listeners) listener({ now: undefined, before: gone });
  }
}

function keyOf(object: RemoteObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
