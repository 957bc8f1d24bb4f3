import { FieldSet } from './field-set.js';
import { isRecord, type JsonRecord } from './json.js';
import { KubeError } from './kube-error.js';
import type { KubeObject, ManagedFieldsEntry } from './kube-object.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import { compare, fieldsOf, merge, without } from './typed-value.js';

/** Who writes: the field manager's name, how, and through which subresource. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
}

interface Owner {
  readonly entry: ManagedFieldsEntry;
  fields: FieldSet;
}

const unownedMetadata = [
  'name',
  'namespace',
  'generateName',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
];

/** The part of an object that managers can own: no identity, nothing the server counts, and status only through its subresource. */
function ownable(type: ResourceType, object: KubeObject | undefined, subresource: string): JsonRecord | undefined {
  if (object === undefined) return undefined;
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([field]) => !unownedMetadata.includes(field)),
  );
  const rest = Object.fromEntries(
    Object.entries(object).filter(([field]) => !['apiVersion', 'kind', 'metadata'].includes(field)),
  );
  if (type.hasStatus && subresource === '') delete rest['status'];
  if (type.hasStatus && subresource === 'status' && type.isCustom) delete rest['spec'];
  return { metadata, ...rest };
}

/** What an object of the kind has even when it is empty, so that nobody owns it for having made it: Go's structs. */
function alwaysThere(type: ResourceType): JsonRecord {
  return { metadata: {}, ...(type.isCustom || type.schema.properties?.['spec'] === undefined ? {} : { spec: {} }) };
}

function ownersOf(object: KubeObject | undefined): Owner[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({
    entry,
    fields: FieldSet.fromFieldsV1(entry.fieldsV1),
  }));
}

/** Whether a client has sent an entry that can be read; others are passed over. */
function isEntry({ manager, operation, fieldsV1 }: ManagedFieldsEntry): boolean {
  return typeof manager === 'string' && (operation === 'Apply' || operation === 'Update') && isFieldsV1(fieldsV1);
}

function isFieldsV1(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([step, inner]) => (step === '.' || /^([fv]:.|k:\{.*\}$)/s.test(step)) && isFieldsV1(inner),
    )
  );
}

function isWriter(owner: Owner, writer: Writer): boolean {
  const { manager, operation, subresource } = owner.entry;
  return manager === writer.manager && operation === writer.operation && (subresource ?? '') === writer.subresource;
}

function withOwners(object: KubeObject, owners: readonly Owner[]): KubeObject {
  const managedFields = owners
    .filter((owner) => !owner.fields.isEmpty)
    .sort(inOrder)
    .map((owner) => ({ ...owner.entry, fieldsV1: owner.fields.toFieldsV1() }));
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata };
}

/** Appliers first, then by time, then by name. */
function inOrder({ entry: a }: Owner, { entry: b }: Owner): number {
  const key = (entry: ManagedFieldsEntry) =>
    [entry.operation, entry.time ?? '', entry.manager, entry.subresource ?? ''].join('\n');
  return key(a) < key(b) ? -1 : 1;
}

function entryFor(type: ResourceType, writer: Writer, now: Date): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: apiVersionOf(type),
    time: timestamp(now),
    fieldsType: 'FieldsV1',
    fieldsV1: {},
    ...(writer.subresource === '' ? {} : { subresource: writer.subresource }),
  };
}

export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/**
 * Ownership after a create, update or patch: the writer takes every field that it changed, everybody loses what was
 * changed or removed under them. A client may hand fields over by changing `managedFields`, and resets all ownership by
 * emptying them.
 */
export function ownAfterUpdate(
  type: ResourceType,
  before: KubeObject | undefined,
  after: KubeObject,
  writer: Writer,
  now: Date,
): KubeObject {
  const isReset =
    after.metadata.managedFields?.length === 0 ||
    (after.metadata.managedFields?.length === 1 && !after.metadata.managedFields[0]?.manager);
  if (isReset) return withOwners(after, []);
  const seen = (object: KubeObject | undefined) => ownable(type, object, writer.subresource);
  const changed = compare(
    type.schema,
    { ...alwaysThere(type), ...seen(before) },
    { ...alwaysThere(type), ...seen(after) },
  );
  const given = after.metadata.managedFields ?? [];
  const owners = ownersOf(given.length > 0 && given.every(isEntry) ? after : before);
  const lost = changed.modified.union(changed.removed);
  for (const owner of owners) owner.fields = owner.fields.minus(lost);
  const gained = changed.modified.union(changed.added);
  if (gained.isEmpty) return withOwners(after, owners);
  const own = owners.find((owner) => isWriter(owner, writer));
  const others = owners.filter((owner) => owner !== own);
  const fields = (own?.fields ?? new FieldSet()).union(gained);
  return withOwners(after, [...others, { entry: entryFor(type, writer, now), fields }]);
}

/**
 * Server-side apply: the object that results from laying `applied` over `live` as `writer`, with its new ownership.
 * What the writer applied before, leaves out now and shares with nobody goes away. Throws 409 with every conflicting
 * field, unless forced, in which case the others lose those fields.
 */
export function apply(
  type: ResourceType,
  live: KubeObject | undefined,
  applied: KubeObject,
  writer: Writer,
  force: boolean,
  now: Date,
): KubeObject {
  const owners = ownersOf(live);
  const own = owners.find((owner) => isWriter(owner, writer));
  const others = owners.filter((owner) => owner !== own);
  const { metadata, ...body } = ownable(type, applied, writer.subresource) ?? {};
  const wanted = isRecord(metadata) && Object.keys(metadata).length > 0 ? { metadata, ...body } : body;
  const fields = Object.keys(wanted).length > 0 ? fieldsOf(type.schema, wanted) : new FieldSet();
  const merged = merge(type.schema, live, { ...wanted, ...identity(applied) }) as KubeObject; // both sides are objects of this kind
  const kept = others.reduce((set, owner) => set.union(owner.fields), fields);
  const abandoned = (own?.fields ?? new FieldSet()).minus(kept);
  const result = without(type.schema, merged, abandoned, kept) as KubeObject; // identity is never abandoned, so an object remains
  settleConflicts(type, live, result, others, writer, force);
  const entry = isSameSet(own?.fields, fields) && own ? own.entry : entryFor(type, writer, now);
  return withOwners(result, [...others, { entry, fields }]);
}

/** Names and everything applied to metadata: what makes it this object, whether or not somebody owns it. */
function identity({ apiVersion, kind, metadata }: KubeObject): JsonRecord {
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = metadata;
  const given = Object.entries({ name, namespace, labels, annotations, finalizers, ownerReferences }).filter(
    ([, value]) => value !== undefined,
  );
  return { apiVersion, kind, metadata: Object.fromEntries(given) };
}

function isSameSet(a: FieldSet | undefined, b: FieldSet): boolean {
  return a !== undefined && a.minus(b).isEmpty && b.minus(a).isEmpty;
}

function settleConflicts(
  type: ResourceType,
  live: KubeObject | undefined,
  result: KubeObject,
  others: Owner[],
  writer: Writer,
  force: boolean,
): void {
  if (live === undefined) return;
  const changed = compare(
    type.schema,
    ownable(type, live, writer.subresource),
    ownable(type, result, writer.subresource),
  );
  const touched = changed.modified.union(changed.added);
  const disputed = touched.minus(handedOver(type, live, writer));
  const conflicts = others.flatMap((owner) =>
    owner.fields
      .intersect(disputed)
      .paths()
      .map((path) => ({ owner, path })),
  );
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  for (const owner of others) owner.fields = owner.fields.minus(touched).minus(changed.removed);
}

/** What client-side `kubectl apply` set is kubectl's own: its server-side apply takes that over without a conflict. */
function handedOver(type: ResourceType, live: KubeObject, writer: Writer): FieldSet {
  const lastApplied = live.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  if (writer.manager !== 'kubectl' || lastApplied === undefined) return new FieldSet();
  try {
    const object: unknown = JSON.parse(lastApplied);
    return isRecord(object) ? fieldsOf(type.schema, object) : new FieldSet();
  } catch {
    return new FieldSet(); // an annotation that anybody may write: what is no JSON hands nothing over
  }
}

function conflictError(conflicts: readonly { owner: Owner; path: string }[]): KubeError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: path,
  }));
  return new KubeError(409, 'Conflict', conflictMessage(conflicts), { causes });
}

function conflictMessage(conflicts: readonly { owner: Owner; path: string }[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first)
    return `Apply failed with 1 conflict: conflict with ${ownerText(first.owner)}: ${first.path}`;
  const names = [...new Set(conflicts.map(({ owner }) => ownerText(owner)))].sort();
  const blocks = names.map((name) => {
    const paths = conflicts.filter(({ owner }) => ownerText(owner) === name).map(({ path }) => `- ${path}`);
    return [`conflicts with ${name}:`, ...paths].join('\n');
  });
  return `Apply failed with ${conflicts.length} conflicts: ${blocks.join('\n')}`;
}

function ownerText({ entry }: Owner): string {
  const through = entry.subresource ? ` with subresource "${entry.subresource}"` : '';
  const name = `${JSON.stringify(entry.manager)}${through}`;
  return entry.operation === 'Apply' ? name : `${name} using ${entry.apiVersion}`;
}

export function isManagedFieldsGiven(body: unknown): boolean {
  return (
    isRecord(body) &&
    isRecord(body['metadata']) &&
    body['metadata']['managedFields'] !== undefined &&
    body['metadata']['managedFields'] !== null
  );
}
