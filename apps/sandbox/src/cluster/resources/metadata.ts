import { type Column } from '../resource-type.js';
import { boolean, integer, listBy, object, open, setOf, string, stringMap, type Schema } from '../schema.js';

const ownerReference = object(
  {
    apiVersion: string,
    kind: string,
    name: string,
    uid: string,
    controller: boolean,
    blockOwnerDeletion: boolean,
  },
  ['apiVersion', 'kind', 'name', 'uid'],
);

const objectMeta: Schema = object({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: integer,
  creationTimestamp: string,
  deletionTimestamp: string,
  deletionGracePeriodSeconds: integer,
  labels: stringMap,
  annotations: stringMap,
  finalizers: setOf(string),
  ownerReferences: listBy(['uid'], ownerReference),
  managedFields: { type: 'array', items: open },
});

/** The schema of a whole object: what every kind has, and its own fields. */
export function kindSchema(fields: Record<string, Schema>, required: string[] = []): Schema {
  return object({ apiVersion: string, kind: string, metadata: objectMeta, ...fields }, required);
}

export const condition: Schema = object(
  {
    type: {
      type: 'string',
      maxLength: 316,
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' },
    message: { type: 'string', maxLength: 32768 },
  },
  ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
);

export const nameColumn: Column = { name: 'Name', cell: (object) => object.metadata.name };

export const ageColumn: Column = { name: 'Age', cell: (object) => ageOf(object.metadata.creationTimestamp) };

/** How long ago, as kubectl shows it: `45s`, `3m10s`, `5h12m`, `3d4h`. */
export function ageOf(timestamp: string | undefined, now = Date.now()): string {
  if (timestamp === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  return `${days}d`;
}
