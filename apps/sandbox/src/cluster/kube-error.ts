import type { JsonRecord } from './json.js';
import type { ResourceType } from './resource-type.js';

export interface FieldError {
  readonly type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueTypeInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong';
  readonly field: string;
  readonly message: string;
}

/** A refusal as the Kubernetes API words it: HTTP code, reason, message, details. */
export class KubeError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: JsonRecord,
  ) {
    super(message);
  }

  toStatus(): JsonRecord {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** `targetgroupbindings.elbv2.k8s.aws`, or `services` for the core group. */
function qualified(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

function detailsOf(type: ResourceType, name: string): JsonRecord {
  return { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural };
}

export const kubeErrors = {
  badRequest: (message: string) => new KubeError(400, 'BadRequest', message),
  unauthorized: () => new KubeError(401, 'Unauthorized', 'Unauthorized'),
  pathNotFound: () => new KubeError(404, 'NotFound', 'the server could not find the requested resource', {}),
  methodNotAllowed: () =>
    new KubeError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  unsupportedMediaType: (accepted: readonly string[]) =>
    new KubeError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    ),
  notAcceptable: () =>
    new KubeError(406, 'NotAcceptable', 'only the following media types are accepted: application/json'),
  notFound: (type: ResourceType, name: string) =>
    new KubeError(404, 'NotFound', `${qualified(type)} "${name}" not found`, detailsOf(type, name)),
  namespaceNotFound: (name: string) =>
    new KubeError(404, 'NotFound', `namespaces "${name}" not found`, { name, kind: 'namespaces' }),
  alreadyExists: (type: ResourceType, name: string) =>
    new KubeError(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`, detailsOf(type, name)),
  conflict: (type: ResourceType, name: string, why: string) =>
    new KubeError(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
      detailsOf(type, name),
    ),
  modified: (type: ResourceType, name: string) =>
    kubeErrors.conflict(
      type,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    ),
  forbidden: (type: ResourceType, name: string, why: string) =>
    new KubeError(
      403,
      'Forbidden',
      name === '' ? `${qualified(type)} is forbidden: ${why}` : `${qualified(type)} "${name}" is forbidden: ${why}`,
      name === '' ? { ...(type.group === '' ? {} : { group: type.group }), kind: type.plural } : detailsOf(type, name),
    ),
  expired: (message: string) => new KubeError(410, 'Expired', message),
  internal: (message: string) =>
    new KubeError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }),
  invalid: (kind: string, group: string, name: string, errors: readonly FieldError[]) => {
    const words = errors.map((error) => `${error.field}: ${error.message}`);
    const list = words.length === 1 ? words[0] : `[${words.join(', ')}]`;
    return new KubeError(422, 'Invalid', `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${list}`, {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind,
      causes: errors.map((error) => ({ reason: error.type, message: error.message, field: error.field })),
    });
  },
};
