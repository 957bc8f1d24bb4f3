import type { JsonRecord } from './json.js';
import { KubeError } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import type { Matcher } from './selectors.js';
import type { Change, Store } from './store.js';

export interface WatchOptions {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly matches: Matcher;
  /** From this revision on; undefined or 0: everything that is there, then changes. */
  readonly resourceVersion: number | undefined;
  readonly wantsBookmarks: boolean;
  /** A list by watch: everything that is there first, then a bookmark that says so, whatever the revision. */
  readonly wantsInitialEvents: boolean;
  readonly timeoutMs: number;
  /** How an object is shown: itself, or as a Table. */
  show(object: KubeObject): JsonRecord;
}

export interface WatchSink {
  send(line: JsonRecord): void;
  end(): void;
}

const bookmarkEveryMs = 30_000;

/** Streams changes to the sink until the time is over. Answers how to stop early. */
export function startWatch(store: Store, options: WatchOptions, sink: WatchSink): () => void {
  const { resourceVersion } = options;
  const isFromNow = options.wantsInitialEvents || resourceVersion === undefined || resourceVersion === 0;
  const missed = isFromNow ? [] : store.since(resourceVersion);
  if (missed === undefined) {
    const expired = new KubeError(
      410,
      'Expired',
      `too old resource version: ${String(resourceVersion)} (${store.revision})`,
    );
    sink.send({ type: 'ERROR', object: expired.toStatus() });
    sink.end();
    return () => undefined;
  }
  const tell = (change: Change): void => {
    const line = lineFor(change, options);
    if (line !== undefined) sink.send(line);
  };
  if (isFromNow) {
    for (const object of store.list(options.type, options.namespace))
      if (options.matches(object)) sink.send({ type: 'ADDED', object: options.show(object) });
  }
  if (options.wantsInitialEvents)
    sink.send(bookmark(store, options.type, { annotations: { 'k8s.io/initial-events-end': 'true' } }));
  missed.forEach(tell);
  const stopListening = store.onChange(tell);
  const bookmarks = setInterval(() => {
    if (options.wantsBookmarks) sink.send(bookmark(store, options.type));
  }, bookmarkEveryMs);
  const stop = (): void => {
    clearTimeout(timeout);
    clearInterval(bookmarks);
    stopListening();
  };
  const timeout = setTimeout(() => {
    if (options.wantsBookmarks) sink.send(bookmark(store, options.type));
    stop();
    sink.end();
  }, options.timeoutMs);
  return stop;
}

/** What a watcher with a selector sees: an object that begins to match is added, one that ceases to is deleted. */
function lineFor(change: Change, { type, namespace, matches, show }: WatchOptions): JsonRecord | undefined {
  const { object } = change;
  if (object.kind !== type.kind || object.apiVersion !== apiVersionOf(type)) return undefined;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return undefined;
  const matched = change.before !== undefined && matches(change.before);
  if (change.type === 'DELETED')
    return matched || matches(object) ? { type: 'DELETED', object: show(object) } : undefined;
  if (matches(object)) return { type: matched ? 'MODIFIED' : 'ADDED', object: show(object) };
  return matched ? { type: 'DELETED', object: show(object) } : undefined;
}

function bookmark(store: Store, type: ResourceType, more: JsonRecord = {}): JsonRecord {
  return {
    type: 'BOOKMARK',
    object: {
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      metadata: { resourceVersion: String(store.revision), creationTimestamp: null, ...more },
    },
  };
}
