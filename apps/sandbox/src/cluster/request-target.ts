import type { ResourceType } from './resource-type.js';
import { reviews } from './discovery.js';

/** What a URL path names. */
export type RequestTarget =
  | {
      readonly kind: 'resource';
      readonly type: ResourceType;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string;
    }
  | { readonly kind: 'review'; readonly review: (typeof reviews)[number] }
  | { readonly kind: 'path' };

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…` against the kinds that are served. */
export function parseTarget(types: readonly ResourceType[], path: string): RequestTarget {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return { kind: 'path' };
  const [group, version] = isCore ? ['', parts[1]] : [parts[1], parts[2]];
  const rest = parts.slice(isCore ? 2 : 3);
  const inGroup = types.filter((type) => type.group === group && type.version === version);
  const review =
    rest.length === 1
      ? reviews.find((each) => each.group === group && each.version === version && each.plural === rest[0])
      : undefined;
  if (review) return { kind: 'review', review };
  return inNamespace(inGroup, rest) ?? atCluster(inGroup, rest) ?? { kind: 'path' };
}

function inNamespace(
  types: readonly ResourceType[],
  [first, namespace, plural, name, subresource = '']: string[],
): RequestTarget | undefined {
  if (first !== 'namespaces' || namespace === undefined || plural === undefined) return undefined;
  const type = types.find((each) => each.namespaced && each.plural === plural);
  return type && isSubresource(type, subresource)
    ? { kind: 'resource', type, namespace, name, subresource }
    : undefined;
}

function atCluster(
  types: readonly ResourceType[],
  [plural, name, subresource = '', ...more]: string[],
): RequestTarget | undefined {
  const type = types.find((each) => each.plural === plural);
  if (type === undefined || more.length > 0 || !isSubresource(type, subresource)) return undefined;
  if (type.namespaced && name !== undefined) return undefined;
  return { kind: 'resource', type, namespace: undefined, name, subresource };
}

function isSubresource(type: ResourceType, subresource: string): boolean {
  return subresource === '' || (subresource === 'status' && type.hasStatus);
}
