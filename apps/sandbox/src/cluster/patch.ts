import { isRecord, sameJson, type JsonRecord } from './json.js';
import { KubeError, kubeErrors } from './kube-error.js';

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: JsonRecord = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** RFC 6902. Throws 422 when an operation can't be applied, as the API server does. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw kubeErrors.badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  return patch.reduce(
    (document: unknown, operation: Operation) => applyOperation(document, operation),
    structuredClone(target),
  );
}

function applyOperation(document: unknown, { op, path, from, value }: Operation): unknown {
  switch (op) {
    case 'add':
      return edit(document, path, (holder, key) => insert(holder, key, value, path));
    case 'replace':
      return edit(document, path, (holder, key) => {
        mustExist(holder, key, path, op);
        assign(holder, key, value);
      });
    case 'remove':
      return edit(document, path, (holder, key) => {
        mustExist(holder, key, path, op);
        drop(holder, key);
      });
    case 'copy':
      return applyOperation(document, { op: 'add', path, value: structuredClone(read(document, from ?? '')) });
    case 'move': {
      const moved = read(document, from ?? '');
      return applyOperation(applyOperation(document, { op: 'remove', path: from ?? '' }), {
        op: 'add',
        path,
        value: moved,
      });
    }
    case 'test':
      if (!sameJson(read(document, path) ?? null, value ?? null)) throw unprocessable(`testing value ${path} failed`);
      return document;
    default:
      throw kubeErrors.badRequest(`unexpected kind: ${op}`);
  }
}

function pointer(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: string): unknown {
  return pointer(path).reduce<unknown>(
    (value, key) => (Array.isArray(value) ? value[Number(key)] : isRecord(value) ? value[key] : undefined),
    document,
  );
}

function edit(document: unknown, path: string, act: (holder: JsonRecord | unknown[], key: string) => void): unknown {
  const keys = pointer(path);
  const last = keys.pop();
  if (last === undefined) throw unprocessable(`unable to edit the whole document at "${path}"`);
  const holder = read(document, keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
  if (!isRecord(holder) && !Array.isArray(holder))
    throw unprocessable(`add operation does not apply: doc is missing path: "${path}": missing value`);
  act(holder, last);
  return document;
}

function insert(holder: JsonRecord | unknown[], key: string, value: unknown, path: string): void {
  if (!Array.isArray(holder)) holder[key] = value;
  else if (key === '-') holder.push(value);
  else if (Number(key) >= 0 && Number(key) <= holder.length) holder.splice(Number(key), 0, value);
  else throw unprocessable(`add operation does not apply: doc is missing key: ${path}: missing value`);
}

function assign(holder: JsonRecord | unknown[], key: string, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else holder[key] = value;
}

function drop(holder: JsonRecord | unknown[], key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

function mustExist(holder: JsonRecord | unknown[], key: string, path: string, op: string): void {
  const isThere = Array.isArray(holder) ? Number(key) < holder.length : key in holder;
  if (!isThere) throw unprocessable(`${op} operation does not apply: doc is missing key: ${path}: missing value`);
}

function unprocessable(message: string): KubeError {
  return new KubeError(422, 'Invalid', 'the server rejected our request due to an error in our request', {
    causes: [{ message }],
  });
}

/** Lists that a strategic merge joins by the value of a field; every other list is replaced, and finalizers are joined as values. */
const mergeKeys: Readonly<Record<string, string>> = {
  ports: 'port',
  conditions: 'type',
  ownerReferences: 'uid',
  containers: 'name',
  webhooks: 'name',
  podIPs: 'ip',
  addresses: 'type',
};

/**
 * Strategic merge patch for the built-in kinds, as far as kubectl needs it for them: objects merge, keyed lists merge by
 * `mergeKeys`, `$patch: delete` and `replace`, `$deleteFromPrimitiveList`, `$setElementOrder` and `$retainKeys`.
 */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  let result: JsonRecord = isRecord(target) ? { ...target } : {};
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained))
    result = Object.fromEntries(Object.entries(result).filter(([key]) => retained.includes(key)));
  for (const [key, value] of Object.entries(patch)) {
    const removal = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
    if (removal !== undefined && Array.isArray(value))
      result[removal] = listOf(result[removal]).filter((item) => !value.includes(item));
    if (key.startsWith('$')) continue;
    if (value === null) delete result[key];
    else if (Array.isArray(value))
      result[key] = mergeLists(key, listOf(result[key]), value, patch[`$setElementOrder/${key}`]);
    else result[key] = strategicMergePatch(result[key], value);
  }
  return result;
}

function mergeLists(field: string, target: unknown[], patch: unknown[], order: unknown): unknown[] {
  if (field === 'finalizers') return [...new Set([...target, ...patch])];
  const key = mergeKeys[field];
  if (key === undefined || !patch.every(isRecord)) return patch;
  const keyOf = (item: unknown) => (isRecord(item) ? item[key] : undefined);
  const items = patch.filter((item) => item['$patch'] !== 'replace');
  const kept =
    items.length < patch.length ? [] : target.filter((item) => !items.some((each) => each[key] === keyOf(item)));
  const merged = items
    .filter((item) => item['$patch'] !== 'delete')
    .map((item) =>
      strategicMergePatch(target.find((each) => keyOf(each) === item[key]) ?? {}, withoutDirectives(item)),
    );
  const all = [...merged, ...kept];
  const wanted = listOf(order).map(keyOf);
  return wanted.length === 0 ? all : all.sort((a, b) => wanted.indexOf(keyOf(a)) - wanted.indexOf(keyOf(b)));
}

function withoutDirectives(value: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
