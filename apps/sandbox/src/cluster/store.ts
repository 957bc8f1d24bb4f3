import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import type { KubeObject } from './kube-object.js';
import type { ResourceType } from './resource-type.js';
import { errorCode } from '../shared/error-facts.js';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  /** What it was before; watchers with selectors need it to see an object leave. */
  readonly before?: KubeObject;
}

interface SavedState {
  readonly revision: number;
  readonly objects: Record<string, KubeObject>;
}

const eventLifeMs = 3_600_000;
const historyLength = 2_000;

/**
 * The objects of one cluster. Each write gets the next revision and is on disk, whole, before `put` or `remove` return:
 * a reply never tells of a write that an abrupt stop could lose. Changes are kept for watchers as far back as `historyLength`.
 */
export class Store {
  private readonly objects = new Map<string, KubeObject>();
  private readonly history: Change[] = [];
  private readonly listeners = new Set<(change: Change) => void>();
  private revisionNow = 1;
  /** Changes up to this revision are no longer known one by one. */
  private forgottenUntil = 1;

  constructor(private readonly file: string) {
    const saved = readState(file);
    if (saved === undefined) return;
    this.revisionNow = saved.revision;
    this.forgottenUntil = saved.revision;
    for (const [key, object] of Object.entries(saved.objects)) this.objects.set(key, object);
  }

  get revision(): number {
    return this.revisionNow;
  }

  get(type: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.objects.get(keyOf(type, namespace, name));
  }

  /** All objects of a kind, or those of one namespace, ordered by key. */
  list(type: ResourceType, namespace?: string): KubeObject[] {
    const prefix = `${type.group}/${type.plural}/${namespace === undefined ? '' : `${namespace}/`}`;
    return [...this.objects.entries()]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Writes the object with the next revision in its `metadata.resourceVersion` and answers it as stored. */
  put(type: ResourceType, object: KubeObject): KubeObject {
    const key = keyOf(type, object.metadata.namespace, object.metadata.name);
    const before = this.objects.get(key);
    const revision = this.revisionNow + 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.commit(() => this.objects.set(key, stored), {
      type: before ? 'MODIFIED' : 'ADDED',
      revision,
      object: stored,
      ...(before ? { before } : {}),
    });
    return stored;
  }

  /** Removes the object and answers it as watchers see it go. */
  remove(type: ResourceType, object: KubeObject): KubeObject {
    const key = keyOf(type, object.metadata.namespace, object.metadata.name);
    const before = this.objects.get(key);
    const revision = this.revisionNow + 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.commit(() => this.objects.delete(key), {
      type: 'DELETED',
      revision,
      object: last,
      ...(before ? { before } : {}),
    });
    return last;
  }

  /** The changes after a revision, or undefined when it lies too far back (or was never reached). */
  since(revision: number): Change[] | undefined {
    if (revision < this.forgottenUntil || revision > this.revisionNow) return undefined;
    return this.history.filter((change) => change.revision > revision);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private commit(act: () => void, change: Change): void {
    this.dropOldEvents();
    act();
    this.revisionNow = change.revision;
    writeFileAtomic.sync(
      this.file,
      JSON.stringify({ revision: this.revisionNow, objects: Object.fromEntries(this.objects) }),
      { fsync: false },
    );
    this.history.push(change);
    if (this.history.length > historyLength)
      this.forgottenUntil = this.history.shift()?.revision ?? this.forgottenUntil;
    for (const listener of this.listeners) listener(change);
  }

  private dropOldEvents(): void {
    const oldest = Date.now() - eventLifeMs;
    for (const [key, object] of this.objects) {
      if (!key.startsWith('/events/')) continue;
      const seen = object['lastTimestamp'] ?? object.metadata.creationTimestamp;
      if (typeof seen === 'string' && Date.parse(seen) < oldest) this.objects.delete(key);
    }
  }
}

function keyOf(type: ResourceType, namespace: string | undefined, name: string): string {
  return `${type.group}/${type.plural}/${namespace ?? ''}/${name}`;
}

function readState(file: string): SavedState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as SavedState; // written by `commit` alone, and whole or not at all
}
