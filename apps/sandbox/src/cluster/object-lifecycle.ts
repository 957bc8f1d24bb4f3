import { randomUUID } from 'node:crypto';
import { isRecord, recordAt, stringAt, textOf } from './json.js';
import { kubeErrors } from './kube-error.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';
import { timestamp } from './ownership.js';
import type { ResourceType } from './resource-type.js';
import { namespaces } from './resources/core.js';

/** The object as it begins: identity and times from the server, no status yet. */
export function startingAs(type: ResourceType, object: KubeObject): KubeObject {
  const metadata: ObjectMeta = {
    ...object.metadata,
    uid: randomUUID(),
    creationTimestamp: timestamp(new Date()),
    ...(type.hasGeneration ? { generation: 1 } : {}),
  };
  for (const field of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
    delete metadata[field];
  const created: KubeObject = structuredClone({ ...object, metadata });
  if (type.hasStatus) delete created['status'];
  return created;
}

const kept = [
  'uid',
  'creationTimestamp',
  'generation',
  'resourceVersion',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'selfLink',
];

/** What a write through this endpoint may change: status alone, or everything but status and what the server counts. */
export function scoped(type: ResourceType, before: KubeObject, wanted: KubeObject, subresource: string): KubeObject {
  if (subresource === 'status') {
    const { managedFields } = wanted.metadata;
    return {
      ...before,
      metadata: { ...before.metadata, ...(managedFields ? { managedFields } : {}) },
      ...('status' in wanted ? { status: wanted['status'] } : {}),
    };
  }
  const metadata = { ...wanted.metadata };
  for (const field of kept) {
    delete metadata[field];
    if (before.metadata[field] !== undefined) metadata[field] = before.metadata[field];
  }
  const result: KubeObject = { ...wanted, metadata };
  if (type.hasStatus) {
    delete result['status'];
    if (before['status'] !== undefined) result['status'] = before['status'];
  }
  return result;
}

/** Throws 409 unless the object is the one that the client means to delete. */
export function checkPreconditions(
  type: ResourceType,
  object: KubeObject,
  wanted: Record<string, unknown> | undefined,
): void {
  for (const [field, text] of [
    ['uid', 'UID'],
    ['resourceVersion', 'ResourceVersion'],
  ] as const) {
    const expected = wanted?.[field];
    if (expected !== undefined && expected !== object.metadata[field]) {
      throw kubeErrors.conflict(
        type,
        object.metadata.name,
        `the ${text} in the precondition (${textOf(expected)}) does not match the ${text} in record (${textOf(object.metadata[field])}). The object might have been deleted and then recreated`,
      );
    }
  }
}

/** Pods that run on a node get the grace period in which their kubelet stops them; nothing else has one. */
export function graceOf(type: ResourceType, object: KubeObject, body: unknown): number {
  if (type.kind !== 'Pod' || stringAt(object, 'spec', 'nodeName') === undefined) return 0;
  const given = isRecord(body) ? body['gracePeriodSeconds'] : undefined;
  const own = recordAt(object, 'spec')?.['terminationGracePeriodSeconds'];
  return typeof given === 'number' ? given : typeof own === 'number' ? own : 30;
}

/** The object marked as being deleted. */
export function marked(type: ResourceType, object: KubeObject, graceSeconds: number): KubeObject {
  const metadata = {
    ...object.metadata,
    deletionTimestamp: timestamp(new Date(Date.now() + graceSeconds * 1000)),
    deletionGracePeriodSeconds: graceSeconds,
  };
  if (type.hasGeneration) metadata.generation = (metadata.generation ?? 0) + 1;
  const isNamespace = type === namespaces;
  return {
    ...object,
    metadata,
    ...(isNamespace ? { status: { ...recordAt(object, 'status'), phase: 'Terminating' } } : {}),
  };
}
