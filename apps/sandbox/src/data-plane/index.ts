import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Faults } from '../shared/faults.js';
import type { NetworkView } from '../shared/network-view.js';
import type { RunningPart, SandboxCredentials } from '../shared/parts.js';
import { AwsReader } from './aws-reader.js';
import { LocalListeners } from './local-listeners.js';
import type { ListenerRouting, Routing } from './routing.js';

export { startNetwork, type RunningNetwork } from './network-registry.js';
export { urlTag } from './aws-reader.js';

export interface DataPlaneOptions {
  readonly awsEndpoint: string;
  readonly network: NetworkView;
  readonly faults: Faults;
  /** Where to look if the endpoint doesn't tell (the sandbox's own does). */
  readonly account: string;
  readonly region: string;
  /** Keys that see the given account. */
  readonly credentialsFor: (account: string) => SandboxCredentials;
  /** How often to ask whether something changed; 250 ms by default. */
  readonly pollMs?: number;
}

/** Reading a large account in full takes long; the pause grows with it, so that reading never takes more than a quarter of the time. Reading what changed may take half of it. */
const pausePerWork = { inFull: 3, changes: 1 };

/** How long a request that has nowhere to go may wait for news. */
const longestLookMs = 1_000;

interface Place {
  readonly account: string;
  readonly region: string;
  /** By ARN; absent where the endpoint has none. */
  readonly marks?: Readonly<Record<string, string>>;
}

/** Starts the data plane: follows what AWS describes and serves each listener on a local port, which its tag then names. */
export async function startDataPlane(options: DataPlaneOptions): Promise<RunningPart> {
  const dataPlane = new DataPlane(options);
  await dataPlane.poll();
  return { stop: () => dataPlane.stop() };
}

class DataPlane {
  private readonly readers = new Map<string, AwsReader>();
  private readonly local: LocalListeners;
  private readonly waiting = new Set<NodeJS.Timeout>();
  private revision: number | undefined;
  private lastError: string | undefined;
  private lastApplyAtMs = 0;
  private applying: Promise<void> = Promise.resolve();
  /** The look under way or the last one, and the one after it if somebody waits for that. */
  private present: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: DataPlaneOptions) {
    this.local = new LocalListeners(
      options.network,
      (listener, url) => this.tag(listener, url),
      () => this.lookAgain(),
    );
  }

  /** Takes over what is new now, and asks again after a while. */
  async poll(): Promise<void> {
    const startMs = performance.now();
    await this.follow();
    const perWork = this.revision === undefined ? pausePerWork.inFull : pausePerWork.changes;
    const pauseMs = Math.max(this.options.pollMs ?? 250, (performance.now() - startMs) * perWork);
    if (!this.stopped) this.timer = setTimeout(() => void this.poll(), pauseMs);
  }

  /** Only where a look is cheap: an endpoint that isn't ours would be read in full for each request that has nowhere to go. */
  private async lookAgain(): Promise<void> {
    if (this.revision === undefined) return;
    await Promise.race([this.follow(), sleep(longestLookMs, undefined, { ref: false })]);
  }

  /** Takes over what AWS says from now on: one look for all who ask before it begins, never two at once. */
  private follow(): Promise<void> {
    this.next ??= this.present.then(() => {
      this.next = undefined;
      this.present = this.takeOver();
      return this.present;
    });
    return this.next;
  }

  /** Reads if there is something new. What can't be read stays as it was. */
  private async takeOver(): Promise<void> {
    if (this.stopped) return;
    try {
      const { revision, places } = await this.look();
      if (places !== undefined) {
        const routing = await this.read(places);
        this.revision = revision;
        await this.applyLater(routing);
      }
      this.lastError = undefined;
    } catch (error) {
      if (String(error) !== this.lastError && !this.stopped)
        console.error(
          `sandbox: the data plane can't read ${this.options.awsEndpoint}; traffic goes on as before (${String(error)})`,
        );
      this.lastError = String(error);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const timeout of this.waiting) clearTimeout(timeout);
    await this.applying;
    await this.local.close();
    for (const reader of this.readers.values()) reader.close();
  }

  /** The sandbox's own AWS says what exists and what changed, no places where nothing did; any other endpoint is read in full each time. */
  private async look(): Promise<{ revision: number | undefined; places: readonly Place[] | undefined }> {
    const url = `${this.options.awsEndpoint}/sandbox/state?after=${this.revision ?? 0}`;
    const { statusCode, body } = await request(url, { headersTimeout: 5_000 });
    if (statusCode !== 200) {
      await body.dump();
      return { revision: undefined, places: [{ account: this.options.account, region: this.options.region }] };
    }
    const { revision, regions } = (await body.json()) as { revision: number; regions?: Place[] }; // our own endpoint's reply
    return { revision, places: regions };
  }

  private async read(places: readonly Place[]): Promise<Routing> {
    const routings: Routing[] = [];
    for (const place of places) routings.push(await this.reader(place).read(place.marks));
    return {
      listeners: routings.flatMap((routing) => routing.listeners),
      targetGroups: new Map(routings.flatMap((routing) => [...routing.targetGroups])),
    };
  }

  private reader({ account, region }: Place): AwsReader {
    const key = `${account}/${region}`;
    const existing = this.readers.get(key);
    if (existing !== undefined) return existing;
    const created = new AwsReader(account, region, this.options.awsEndpoint, this.options.credentialsFor(account));
    this.readers.set(key, created);
    return created;
  }

  /** At once, or after the delay of the fault `dataPlane.propagationDelay`; always in the order of reading. */
  private async applyLater(routing: Routing): Promise<void> {
    const nowMs = performance.now();
    this.lastApplyAtMs = Math.max(
      this.lastApplyAtMs,
      nowMs + (this.options.faults.get('dataPlane.propagationDelay')?.ms ?? 0),
    );
    const apply = (): Promise<void> =>
      (this.applying = this.applying
        .catch(() => undefined)
        .then(() => (this.stopped ? undefined : this.local.apply(routing))));
    if (this.lastApplyAtMs <= nowMs) return apply();
    const timeout = setTimeout(() => {
      this.waiting.delete(timeout);
      apply().catch((error: unknown) => console.error('sandbox: the data plane could not take over a change', error));
    }, this.lastApplyAtMs - nowMs);
    this.waiting.add(timeout);
  }

  private async tag(listener: ListenerRouting, url: string): Promise<void> {
    try {
      await this.reader(listener).tagUrl(listener.arn, url);
    } catch (error) {
      console.error(
        `sandbox: ${listener.arn} listens on ${url}, but the tag that says so could not be set (${String(error)}); trying again with the next change`,
      );
      this.revision = undefined;
    }
  }
}
