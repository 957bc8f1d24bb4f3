import type { JsonRecord } from './json.js';
import type { KubeObject } from './kube-object.js';
import type { ResourceType } from './resource-type.js';

/** `meta.k8s.io/v1` Table of the objects: what `kubectl get` prints. */
export function toTable(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: JsonRecord,
  include: string,
): JsonRecord {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: type.columns.map((column) => ({
      name: column.name,
      type: column.type ?? 'string',
      format: column.name === 'Name' ? 'name' : '',
      description: column.description ?? column.name,
      priority: column.priority ?? 0,
    })),
    rows: objects.map((object) => ({
      cells: type.columns.map((column) => column.cell(object)),
      ...rowObject(object, include),
    })),
  };
}

function rowObject(object: KubeObject, include: string): JsonRecord {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}

/** Whether the client asks for a Table, by its Accept header. */
export function wantsTable(accept: string | undefined): boolean {
  return accept !== undefined && /as=Table/.test(accept) && /g=meta\.k8s\.io/.test(accept);
}
