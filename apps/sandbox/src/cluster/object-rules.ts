import { randomBytes } from 'node:crypto';
import { isRecord, sameJson, stringAt, textOf } from './json.js';
import { kubeErrors, type FieldError } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import { prune, schemaErrors, unknownFields } from './schema-check.js';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const nameRules = {
  subdomain: {
    pattern: new RegExp(`^${label}(\\.${label})*$`),
    longest: 253,
    says: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${label}(\\.${label})*')`,
  },
  label: {
    pattern: new RegExp(`^${label}$`),
    longest: 63,
    says: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
  },
  path: { pattern: /^(?!\.{1,2}$)[^/%]+$/, longest: 253, says: "may not contain '/' or '%'" },
} as const;

const namePart =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Reads a body as an object of the kind: right apiVersion, kind, metadata. Throws 400 for anything else. */
export function asObjectOf(type: ResourceType, body: unknown): KubeObject {
  if (!isRecord(body))
    throw kubeErrors.badRequest(`couldn't get version/kind; json parse error: the body must be a ${type.kind} object`);
  if (type.isCustom && typeof body['kind'] !== 'string')
    throw kubeErrors.badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${JSON.stringify(body)}'`,
    );
  const kind = body['kind'] ?? type.kind;
  const apiVersion = body['apiVersion'] ?? apiVersionOf(type);
  if (apiVersion !== apiVersionOf(type)) {
    throw kubeErrors.badRequest(
      `the API version in the data (${textOf(apiVersion)}) does not match the expected API version (${apiVersionOf(type)})`,
    );
  }
  if (kind !== type.kind && type.isCustom) {
    throw kubeErrors.invalid(textOf(kind), type.group, stringAt(body, 'metadata', 'name') ?? '', [
      {
        type: 'FieldValueInvalid',
        field: 'kind',
        message: `Invalid value: ${JSON.stringify(kind)}: must be ${type.kind}`,
      },
    ]);
  }
  if (kind !== type.kind)
    throw kubeErrors.badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${textOf(kind)}: no kind ${JSON.stringify(kind)} is registered for it`,
    );
  const metadata = body['metadata'] ?? {};
  if (!isRecord(metadata))
    throw kubeErrors.badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta`,
    );
  return {
    ...body,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { ...metadata, name: typeof metadata['name'] === 'string' ? metadata['name'] : '' },
  };
}

/** Drops unknown fields as the API server does; what it says of them depends on `fieldValidation`. Strict throws 400, of a patch 422. */
export function dropUnknown(
  type: ResourceType,
  object: KubeObject,
  validation: FieldValidation,
  warnings: string[],
  sentAs: 'object' | 'patch' = 'object',
): KubeObject {
  const unknown =
    validation === 'Ignore'
      ? []
      : unknownFields(type.schema, object).map((field) => `unknown field ${JSON.stringify(field)}`);
  if (unknown.length > 0 && validation === 'Strict' && sentAs === 'patch') {
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(object))}: strict decoding error: ${unknown.join(', ')}`;
    throw kubeErrors.invalid('', '', '', [{ type: 'FieldValueInvalid', field: 'patch', message }]);
  }
  if (unknown.length > 0 && validation === 'Strict') {
    throw kubeErrors.badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: strict decoding error: ${unknown.join(', ')}`,
    );
  }
  warnings.push(...unknown);
  return prune(type.schema, object, type.isCustom) as KubeObject; // pruning an object of a kind leaves one
}

/** Name and namespace as the URL says, filling what the body left out. Throws 400 on a difference. */
export function placeAt(
  type: ResourceType,
  object: KubeObject,
  namespace: string | undefined,
  name: string | undefined,
): void {
  const { metadata } = object;
  if (name !== undefined && metadata.name !== '' && metadata.name !== name) {
    throw kubeErrors.badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (name !== undefined) metadata.name = name;
  if (!type.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
    throw kubeErrors.badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (namespace !== undefined) metadata.namespace = namespace;
}

export function generateName(object: KubeObject): void {
  const { metadata } = object;
  if (metadata.name === '' && metadata.generateName)
    metadata.name = `${metadata.generateName}${randomBytes(3).toString('hex').slice(0, 5)}`;
}

/** Throws 422 with everything that is wrong with the object. */
export function checkObject(type: ResourceType, object: KubeObject, before: KubeObject | undefined): void {
  const shape = schemaErrors(type.schema, object);
  const errors = [
    ...metadataErrors(type, object, before),
    ...shape,
    ...(shape.length > 0 ? [] : (type.validate?.(object, before) ?? [])),
  ];
  if (errors.length > 0) throw kubeErrors.invalid(type.kind, type.group, object.metadata.name, errors);
}

function metadataErrors(type: ResourceType, object: KubeObject, before: KubeObject | undefined): FieldError[] {
  const { metadata } = object;
  const invalid = (field: string, value: unknown, message: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: `metadata.${field}`,
    message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  });
  const errors: FieldError[] = [];
  const rule = nameRules[type.nameRule ?? 'subdomain'];
  if (metadata.name === '')
    errors.push({
      type: 'FieldValueRequired',
      field: 'metadata.name',
      message: 'Required value: name or generateName is required',
    });
  else if (!rule.pattern.test(metadata.name)) errors.push(invalid('name', metadata.name, rule.says));
  else if (metadata.name.length > rule.longest)
    errors.push(invalid('name', metadata.name, `must be no more than ${rule.longest} characters`));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(String(value))) {
      errors.push(
        invalid(
          'labels',
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
      );
    }
    if (!isQualifiedName(key)) errors.push(invalid('labels', key, namePart));
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    if (!isQualifiedName(key.toLowerCase())) errors.push(invalid('annotations', key, namePart));
  }
  const finalizers = new Set(before?.metadata.finalizers ?? []);
  const added = (metadata.finalizers ?? []).filter((each) => !finalizers.has(each));
  if (before?.metadata.deletionTimestamp && added.length > 0) {
    errors.push({
      type: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(', ')}}`,
    });
  }
  return errors;
}

function isQualifiedName(key: string): boolean {
  const [first = '', second] = key.split('/');
  const name = second ?? first;
  return (
    /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name) &&
    (second === undefined || nameRules.subdomain.pattern.test(first)) &&
    key.split('/').length <= 2
  );
}

/** Whether anything beside metadata and status differs: what `metadata.generation` counts. */
export function isSpecChanged(before: KubeObject, after: KubeObject): boolean {
  const body = (object: KubeObject) => ({ ...object, metadata: undefined, status: undefined });
  return !sameJson(body(before), body(after));
}

/** Whether the two differ in nothing that a writer can set; when managers last wrote does not count. */
export function isSameObject(before: KubeObject, after: KubeObject): boolean {
  const body = (object: KubeObject) => ({
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: undefined,
      managedFields: object.metadata.managedFields?.map((entry) => ({ ...entry, time: undefined })),
    },
  });
  return sameJson(body(before), body(after));
}
