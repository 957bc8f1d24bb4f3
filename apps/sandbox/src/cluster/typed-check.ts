import { FieldSet } from './field-set.js';
import { canonicalJson, isRecord } from './json.js';
import { fieldSchema, isClosed, type Schema } from './schema.js';
import { keyStep, partsOf, shapeOf } from './typed-value.js';

/** Paths, as Kubernetes prints them, that a closed schema does not declare. */
export function undeclared(schema: Schema | undefined, value: unknown, path = ''): string[] {
  return children(schema, value, path).flatMap((child) => {
    if (child.schema === undefined && isRecord(value)) return isClosed(schema) ? [child.path] : [];
    return undeclared(child.schema, child.value, child.path);
  });
}

/** What has another type than the schema says, worded as the decoder of server-side apply does. */
export function mistyped(schema: Schema | undefined, value: unknown, path = ''): string[] {
  if (schema === undefined || value === null || schema['x-kubernetes-int-or-string']) return [];
  const expected = expectation(schema, value);
  if (expected !== undefined)
    return [
      `${path}: expected ${expected}, got ${typeof value === 'number' ? `&value.valueUnstructured{Value:${value}}` : `&{${printed(value)}}`}`,
    ];
  return children(schema, value, path).flatMap((child) => mistyped(child.schema, child.value, child.path));
}

/** Entries of keyed lists and sets that stand there twice. */
export function duplicates(schema: Schema | undefined, value: unknown, path = ''): string[] {
  const shape = shapeOf(schema, value);
  if (Array.isArray(value) && shape !== 'leaf') {
    const steps = value.map((item) => (shape === 'values' ? `v:${canonicalJson(item)}` : keyStep(schema, item)));
    return steps
      .filter((step, index) => steps.indexOf(step) !== index)
      .map((step) => `${path}: duplicate entries for key ${stepPath(step)}`);
  }
  return children(schema, value, path).flatMap((child) => duplicates(child.schema, child.value, child.path));
}

interface Child {
  readonly path: string;
  readonly value: unknown;
  readonly schema: Schema | undefined;
}

function children(schema: Schema | undefined, value: unknown, path: string): Child[] {
  if (Array.isArray(value)) {
    if (shapeOf(schema, value) === 'entries')
      return [...partsOf(schema, value, 'entries').values()].map((part) => ({
        path: path + stepPath(part.step),
        value: part.value,
        schema: part.schema,
      }));
    return value.map((item: unknown, index) => ({ path: `${path}[${index}]`, value: item, schema: schema?.items }));
  }
  if (!isRecord(value)) return [];
  return Object.keys(value)
    .sort()
    .map((field) => ({ path: `${path}.${field}`, value: value[field], schema: fieldSchema(schema, field) }));
}

function stepPath(step: string): string {
  const set = new FieldSet();
  set.at(step).isMember = true;
  return set.paths()[0] ?? '';
}

function expectation(schema: Schema, value: unknown): string | undefined {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? undefined : 'string';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'boolean';
    case 'integer':
    case 'number':
      return typeof value === 'number' ? undefined : 'numeric (int or float)';
    case 'array':
      return Array.isArray(value) ? undefined : 'list';
    case 'object':
      return isRecord(value) ? undefined : 'map';
    case undefined:
      return undefined;
  }
}

function printed(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
