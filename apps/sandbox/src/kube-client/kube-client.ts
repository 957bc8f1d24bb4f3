import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { readKubeconfig, type ClusterAccess } from './kubeconfig.js';

/** An object as it travels; what a part needs of it, it reads with its own narrow type. */
export interface RemoteObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
  };
}

export interface ObjectList<T extends RemoteObject> {
  readonly metadata: { resourceVersion: string; continue?: string };
  readonly items: T[];
}

/** A kind's address: `api/v1` or `apis/<group>/<version>`, and its plural. */
export interface Resource {
  readonly api: string;
  readonly plural: string;
}

export interface WatchLine<T extends RemoteObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** The API server refused: its code, reason and words. */
export class KubeApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export const patchTypes = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const requestTimeoutMs = 15_000;

/** A small client of the Kubernetes API: one cluster, one identity, JSON only. */
export class KubeClient {
  private readonly agent: Agent;

  /** `userAgent` is also the name under which fields are owned. */
  constructor(
    private readonly access: ClusterAccess,
    private readonly userAgent: string,
  ) {
    const { caPem: ca, certificatePem: cert, keyPem: key } = access;
    this.agent = new Agent({
      connect: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), timeout: requestTimeoutMs },
      bodyTimeout: 0,
    });
  }

  static fromFile(kubeconfig: string, userAgent: string): KubeClient {
    return new KubeClient(readKubeconfig(kubeconfig), userAgent);
  }

  get<T extends RemoteObject>(resource: Resource, namespace: string | undefined, name: string): Promise<T> {
    return this.call<T>('GET', path(resource, namespace, name));
  }

  /** Undefined when it is not there. */
  async find<T extends RemoteObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
  ): Promise<T | undefined> {
    return this.get<T>(resource, namespace, name).catch((error: unknown) => {
      if (error instanceof KubeApiError && error.code === 404) return undefined;
      throw error;
    });
  }

  list<T extends RemoteObject>(resource: Resource, query = ''): Promise<ObjectList<T>> {
    return this.call<ObjectList<T>>('GET', `${path(resource)}${query}`);
  }

  create<T extends RemoteObject>(resource: Resource, object: T): Promise<T> {
    return this.call<T>('POST', path(resource, object.metadata.namespace), object);
  }

  patch<T extends RemoteObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    kind: keyof typeof patchTypes,
    patch: unknown,
    suffix = '',
  ): Promise<T> {
    return this.call<T>('PATCH', `${path(resource, namespace, name)}${suffix}`, patch, patchTypes[kind]);
  }

  /** Deletes with the given options; nothing happens when it is not there. */
  async delete(resource: Resource, namespace: string | undefined, name: string, options: object = {}): Promise<void> {
    await this.call('DELETE', path(resource, namespace, name), options).catch((error: unknown) => {
      if (!(error instanceof KubeApiError) || error.code !== 404) throw error;
    });
  }

  /** A request of any path, as JSON. */
  async call<T = unknown>(method: Method, url: string, body?: unknown, contentType = 'application/json'): Promise<T> {
    return JSON.parse(await this.text(url, method, body, contentType)) as T; // the caller knows what it asked for
  }

  /** A request of any path, answered as it came. */
  async text(url: string, method: Method = 'GET', body?: unknown, contentType = 'application/json'): Promise<string> {
    const answer = await request(`${this.access.server}${url}`, {
      method,
      dispatcher: this.agent,
      headers: this.headers(contentType),
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw refusal(answer.statusCode, text);
    return text;
  }

  /** Streams changes until the server ends or the signal aborts. */
  async *watch<T extends RemoteObject>(
    resource: Resource,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchLine<T>> {
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${resourceVersion}`;
    const answer = await request(`${this.access.server}${path(resource)}?${query}`, {
      dispatcher: this.agent,
      headers: this.headers('application/json'),
      signal,
    });
    if (answer.statusCode >= 400) throw refusal(answer.statusCode, await answer.body.text());
    const failed = new Promise<never>((_resolve, reject) => answer.body.on('error', reject));
    failed.catch(() => undefined); // told through the iteration below
    const lines = createInterface({ input: answer.body, crlfDelay: Infinity })[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next.done) return;
      if (next.value.trim() !== '') yield JSON.parse(next.value) as WatchLine<T>; // the watch protocol: one event per line
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private headers(contentType: string): Record<string, string> {
    return {
      accept: 'application/json',
      'content-type': contentType,
      'user-agent': this.userAgent,
      ...(this.access.token ? { authorization: `Bearer ${this.access.token}` } : {}),
    };
  }
}

function path({ api, plural }: Resource, namespace?: string, name?: string): string {
  return `/${api}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}${name === undefined ? '' : `/${name}`}`;
}

function refusal(code: number, text: string): KubeApiError {
  try {
    const status = JSON.parse(text) as { reason?: string; message?: string }; // a Status object, or the catch below
    return new KubeApiError(code, status.reason ?? '', status.message ?? text);
  } catch {
    return new KubeApiError(code, '', text);
  }
}
