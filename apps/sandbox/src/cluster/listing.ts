import { isRecord, type JsonRecord } from './json.js';
import { kubeErrors } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.js';
import type { Change, Store } from './store.js';

/** The objects that labelSelector and fieldSelector of a query let through. */
export function queryMatcher(type: ResourceType, query: URLSearchParams, name?: string): Matcher {
  const byLabel = labelMatcher(query.get('labelSelector') ?? '');
  const byField = fieldMatcher(type, query.get('fieldSelector') ?? '');
  return (object) => (name === undefined || object.metadata.name === name) && byLabel(object) && byField(object);
}

export interface Page {
  readonly items: KubeObject[];
  readonly metadata: JsonRecord;
}

/** One page of a list. `continue` goes on behind the last object shown, in the list as it was when its first page was read. */
export function listPage(
  store: Store,
  type: ResourceType,
  namespace: string | undefined,
  query: URLSearchParams,
): Page {
  const matches = queryMatcher(type, query);
  const token = query.get('continue');
  const start = token ? parseToken(token) : undefined;
  const revision = start?.revision ?? store.revision;
  const since = store.since(revision);
  if (since === undefined) {
    throw kubeErrors.expired(
      'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
    );
  }
  const all = asBefore(store.list(type, namespace), since, type, namespace).filter(matches);
  const rest = start ? all.filter((object) => orderKey(object) > start.after) : all;
  const limit = Number(query.get('limit') ?? 0);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const isMore = last !== undefined && items.length < rest.length;
  return {
    items,
    metadata: {
      resourceVersion: String(revision),
      ...(isMore
        ? {
            continue: Buffer.from(JSON.stringify({ revision, after: orderKey(last) })).toString('base64url'),
            remainingItemCount: rest.length - items.length,
          }
        : {}),
    },
  };
}

/** The objects without these changes, in the order of a list. */
function asBefore(
  now: readonly KubeObject[],
  changes: readonly Change[],
  type: ResourceType,
  namespace: string | undefined,
): KubeObject[] {
  const objects = new Map(now.map((object) => [orderKey(object), object]));
  for (const { object, before } of changes.toReversed()) {
    if (object.kind !== type.kind || object.apiVersion !== apiVersionOf(type)) continue;
    if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
    if (before === undefined) objects.delete(orderKey(object));
    else objects.set(orderKey(object), before);
  }
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function orderKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function parseToken(token: string): { revision: number; after: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (isRecord(value) && typeof value['revision'] === 'number' && typeof value['after'] === 'string')
      return { revision: value['revision'], after: value['after'] };
  } catch {
    // falls through to the refusal: whatever it is, it is no token of ours
  }
  throw kubeErrors.badRequest('continue key is not valid: encoding/json: cannot decode the token');
}
