import { FieldSet } from './field-set.js';
import { isRecord, sameJson, type JsonRecord } from './json.js';
import { fieldSchema, isAtomicMap, type Schema } from './schema.js';

/** How a value is taken apart for ownership: not at all, by fields, by keyed entries, or by distinct values. */
type Shape = 'leaf' | 'fields' | 'entries' | 'values';

export function shapeOf(schema: Schema | undefined, value: unknown): Shape {
  if (isRecord(value)) return isAtomicMap(schema) ? 'leaf' : 'fields';
  if (!Array.isArray(value)) return 'leaf';
  const listType = schema?.['x-kubernetes-list-type'];
  if (listType === 'map') return 'entries';
  return listType === 'set' ? 'values' : 'leaf';
}

/** The parts of a granular value: step, part, and the part's schema; list entries stand for themselves besides their fields. */
export interface Part {
  readonly step: string;
  readonly value: unknown;
  readonly schema: Schema | undefined;
}

export function partsOf(schema: Schema | undefined, value: unknown, shape: Shape): Map<string, Part> {
  const parts = new Map<string, Part>();
  if (shape === 'leaf') return parts;
  if (shape === 'fields' && isRecord(value)) {
    for (const [field, child] of Object.entries(value))
      if (child !== undefined)
        parts.set(`f:${field}`, { step: `f:${field}`, value: child, schema: fieldSchema(schema, field) });
  } else if (Array.isArray(value)) {
    for (const item of value) {
      const step = shape === 'values' ? `v:${JSON.stringify(item)}` : keyStep(schema, item);
      parts.set(step, { step, value: item, schema: schema?.items });
    }
  }
  return parts;
}

export function keyStep(schema: Schema | undefined, item: unknown): string {
  const keys = [...(schema?.['x-kubernetes-list-map-keys'] ?? [])].sort();
  const values: JsonRecord = {};
  for (const key of keys)
    values[key] = (isRecord(item) ? item[key] : undefined) ?? schema?.items?.properties?.[key]?.default ?? null;
  return `k:${JSON.stringify(values)}`;
}

/** The paths that a value holds: every leaf, every empty container, and every list entry. */
export function fieldsOf(schema: Schema | undefined, value: unknown): FieldSet {
  const shape = shapeOf(schema, value);
  const parts = partsOf(schema, value, shape);
  if (parts.size === 0) return new FieldSet(true);
  const set = new FieldSet();
  for (const part of parts.values()) {
    const child = shape === 'values' ? new FieldSet(true) : fieldsOf(part.schema, part.value);
    if (shape === 'entries') child.isMember = true;
    set.children.set(part.step, child);
  }
  return set;
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** What changed between two values, field by field. */
export function compare(schema: Schema | undefined, before: unknown, after: unknown): Comparison {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareInto(schema, before, after, result, true);
  return result;
}

function compareInto(
  schema: Schema | undefined,
  before: unknown,
  after: unknown,
  into: Comparison,
  isRoot = false,
): void {
  const shape = shapeOf(schema, after ?? before);
  const isKnownBefore = before !== undefined && (after === undefined || shapeOf(schema, before) === shape);
  if (before === undefined && !isRoot) into.added.isMember = true;
  if (after === undefined && !isRoot) into.removed.isMember = true;
  if (before !== undefined && after !== undefined && (shape === 'leaf' || !isKnownBefore)) {
    if (!sameJson(before, after)) into.modified.isMember = true;
    if (shape === 'leaf') return;
  }
  const [left, right] = [partsOf(schema, isKnownBefore ? before : undefined, shape), partsOf(schema, after, shape)];
  for (const step of new Set([...left.keys(), ...right.keys()])) {
    const part = right.get(step) ?? left.get(step);
    compareInto(part?.schema, left.get(step)?.value, right.get(step)?.value, {
      added: into.added.at(step),
      modified: into.modified.at(step),
      removed: into.removed.at(step),
    });
  }
}

/** `live` with everything that `applied` says laid over it; what `applied` leaves out stays. */
export function merge(schema: Schema | undefined, live: unknown, applied: unknown): unknown {
  const shape = shapeOf(schema, applied);
  if (live === undefined || live === null || shape === 'leaf' || shapeOf(schema, live) !== shape) return applied;
  if (shape === 'fields' && isRecord(live) && isRecord(applied)) {
    const merged: JsonRecord = { ...live };
    for (const [field, value] of Object.entries(applied))
      merged[field] = merge(fieldSchema(schema, field), live[field], value);
    return merged;
  }
  const [left, right] = [partsOf(schema, live, shape), partsOf(schema, applied, shape)];
  const steps = [...new Set([...left.keys(), ...right.keys()])];
  return steps.map((step) => {
    const [old, wanted] = [left.get(step), right.get(step)];
    return wanted === undefined ? old?.value : merge(wanted.schema, old?.value, wanted.value);
  });
}

/** A copy without the fields in `gone`; a list entry goes only when nothing below it is in `kept`, a container when it is left empty. */
export function without(schema: Schema | undefined, value: unknown, gone: FieldSet, kept: FieldSet): unknown {
  const shape = shapeOf(schema, value);
  if (shape === 'fields' && isRecord(value)) {
    const rest: JsonRecord = {};
    for (const [field, child] of Object.entries(value)) {
      const remaining = partWithout(
        fieldSchema(schema, field),
        child,
        gone.children.get(`f:${field}`),
        kept.children.get(`f:${field}`),
      );
      if (remaining !== undefined) rest[field] = remaining;
    }
    return Object.keys(rest).length === 0 && Object.keys(value).length > 0 ? undefined : rest;
  }
  if (!Array.isArray(value) || shape === 'leaf') return value;
  const rest = [...partsOf(schema, value, shape).values()]
    .map((part) => partWithout(part.schema, part.value, gone.children.get(part.step), kept.children.get(part.step)))
    .filter((part) => part !== undefined);
  return rest.length === 0 && value.length > 0 ? undefined : rest;
}

function partWithout(
  schema: Schema | undefined,
  value: unknown,
  gone: FieldSet | undefined,
  kept: FieldSet | undefined,
): unknown {
  if (gone === undefined || gone.isEmpty) return value;
  if (gone.isMember && (kept === undefined || kept.isEmpty)) return undefined;
  return without(schema, value, gone, kept ?? new FieldSet());
}
