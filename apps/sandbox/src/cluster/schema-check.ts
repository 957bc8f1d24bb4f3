import { isRecord, type JsonRecord } from './json.js';
import type { FieldError } from './kube-error.js';
import { fieldSchema, isClosed, type Schema } from './schema.js';

/** Checks a value against a structural schema and answers what is wrong, worded as the Kubernetes API does. */
export function schemaErrors(schema: Schema, value: unknown, path = ''): FieldError[] {
  if (value === undefined || (value === null && schema.nullable)) return [];
  const wrongType = typeErrors(schema, value, path);
  if (wrongType.length > 0) return wrongType;
  if (Array.isArray(value))
    return value.flatMap((item, index) => (schema.items ? schemaErrors(schema.items, item, `${path}[${index}]`) : []));
  if (isRecord(value)) return objectErrors(schema, value, path);
  return scalarErrors(schema, value, path);
}

function objectErrors(schema: Schema, value: JsonRecord, path: string): FieldError[] {
  const fields = [...new Set([...Object.keys(value), ...(schema.required ?? [])])].sort();
  return fields.flatMap((field): FieldError[] => {
    const child = value[field];
    const known = fieldSchema(schema, field);
    if (child !== undefined) return known ? schemaErrors(known, child, join(path, field)) : [];
    return schema.required?.includes(field)
      ? [{ type: 'FieldValueRequired', field: join(path, field), message: 'Required value' }]
      : [];
  });
}

function typeErrors(schema: Schema, value: unknown, path: string): FieldError[] {
  const actual = typeName(value);
  const wrong = (field: string, wanted: string): FieldError => ({
    type: 'FieldValueTypeInvalid',
    field,
    message: `Invalid value: "${actual}": ${path} in body must be of type ${wanted}: "${actual}"`,
  });
  if (schema['x-kubernetes-int-or-string']) {
    if (actual === 'integer' || actual === 'string') return [];
    const none: FieldError = {
      type: 'FieldValueInvalid',
      field: '<nil>',
      message: `Invalid value: "": "${path}" must validate at least one schema (anyOf)`,
    };
    return [wrong(path, 'integer,string'), none, wrong(path, 'integer')];
  }
  const isRight =
    schema.type === undefined || actual === schema.type || (schema.type === 'number' && actual === 'integer');
  return isRight ? [] : [wrong(path === '' ? '<nil>' : path, schema.type)];
}

function scalarErrors(schema: Schema, value: unknown, path: string): FieldError[] {
  const invalid = (message: string): FieldError[] => [
    {
      type: 'FieldValueInvalid',
      field: path,
      message: `Invalid value: ${JSON.stringify(value)}: ${path} in body ${message}`,
    },
  ];
  if (schema.enum && !schema.enum.includes(String(value))) {
    return [
      {
        type: 'FieldValueNotSupported',
        field: path,
        message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}`,
      },
    ];
  }
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum)
      return invalid(`should be greater than or equal to ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum)
      return invalid(`should be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === 'string') {
    if (schema.minLength !== undefined && value.length < schema.minLength)
      return invalid(`should be at least ${schema.minLength} chars long`);
    if (schema.maxLength !== undefined && value.length > schema.maxLength) {
      return [
        { type: 'FieldValueTooLong', field: path, message: `Too long: may not be more than ${schema.maxLength} bytes` },
      ];
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
      return invalid(`should match '${schema.pattern}'`);
    if (schema.format === 'date-time' && Number.isNaN(Date.parse(value)))
      return invalid(`must be of type date-time: ${JSON.stringify(value)}`);
  }
  return [];
}

/** Paths of fields that the schema does not know, in the order they stand (`spec.targetTyp`, `spec.ports[0].prot`). */
export function unknownFields(schema: Schema | undefined, value: unknown, path = ''): string[] {
  if (schema === undefined) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => unknownFields(schema.items, item, `${path}[${index}]`));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([field, child]) => {
    const known = fieldSchema(schema, field);
    if (known === undefined) return isClosed(schema) ? [join(path, field)] : [];
    return unknownFields(known, child, join(path, field));
  });
}

/** A copy without the fields that the schema does not know; without nulls too, unless the schema has to judge them. */
export function prune(schema: Schema | undefined, value: unknown, keepsNulls = false): unknown {
  if (Array.isArray(value)) return value.map((item) => prune(schema?.items, item, keepsNulls));
  if (!isRecord(value)) return value;
  const kept: JsonRecord = {};
  for (const [field, child] of Object.entries(value)) {
    const known = fieldSchema(schema, field);
    if (known === undefined && isClosed(schema)) continue;
    if (child === undefined || (child === null && !keepsNulls)) continue;
    kept[field] = prune(known, child, keepsNulls && field !== 'metadata');
  }
  return kept;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
