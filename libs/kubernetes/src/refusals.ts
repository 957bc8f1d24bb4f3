import type { BindingRefusal, ClusterAccess } from '@sluice/control';
import type { ApiRefusal } from './api-reply.js';

/** A refusal with its way out. */
export function refused(reason: BindingRefusal['reason'], message: string, way: string): BindingRefusal {
  return { result: 'refused', reason, message, way };
}

/** What was to be written when the cluster refused. */
export interface RefusedWrite {
  readonly access: ClusterAccess;
  readonly namespace: string;
  readonly name: string;
  readonly targetGroupArn: string;
}

type Reader = (reply: ApiRefusal, write: RefusedWrite) => BindingRefusal | null;

/**
 * Reads the cluster's reply to a write of a binding: the API server's own refusals and those of the controller's
 * webhooks, as LBC 3.x and kube-apiserver 1.36 word them. null: none that we know; the caller treats it as a failure.
 */
export function readRefusal(reply: ApiRefusal, write: RefusedWrite): BindingRefusal | null {
  for (const reader of readers) {
    const refusal = reader(reply, write);
    if (refusal !== null) return refusal;
  }
  return null;
}

const boundTwice: Reader = ({ message }, write) => {
  const found = /is already bound to following TargetGroupBindings \[([^\]]*)\]/.exec(message);
  return found === null ? null : alreadyBound(write.targetGroupArn, `the binding ${found[1] ?? ''}`, write.access.name);
};

/** The same answer whether we saw the other binding ourselves or the webhook did. */
export function alreadyBound(targetGroupArn: string, other: string, cluster: string): BindingRefusal {
  return refused(
    'TargetGroupAlreadyBound',
    `Target group ${targetGroupArn} is already filled by ${other} in cluster ${cluster}; two bindings would deregister each other's targets.`,
    'Use that binding for this backend, delete it once it is drained, or give this backend a target group of its own.',
  );
}

const immutable: Reader = ({ message }, write) => {
  const found = /may not change these immutable fields: ([^\s"]+)/.exec(message);
  return found === null ? null : immutableField(write, found[1] ?? '');
};

/** The fields of a live binding that can't be changed, and the two steps that get there all the same. */
export function immutableField(write: RefusedWrite, fields: string): BindingRefusal {
  return refused(
    'ImmutableField',
    `Binding ${write.namespace}/${write.name} in cluster ${write.access.name} exists, and ${fields} of a binding cannot be changed.`,
    'Create a second binding under another name with the new values, and delete the old one when its target group is drained.',
  );
}

const targetGroupMissing: Reader = ({ message }, write) => {
  if (!/TargetGroupNotFound|expecting a single targetGroup with query/.test(message)) return null;
  return refused(
    'TargetGroupNotFound',
    `The load balancer controller of cluster ${write.access.name} cannot find target group ${write.targetGroupArn}: ${webhookText(message)}`,
    'Check that the ARN is right and that the target group is in the account and Region of that controller.',
  );
};

const webhookDown: Reader = ({ message, httpStatus }, write) => {
  if (httpStatus < 500 || !message.includes('failed calling webhook')) return null;
  return refused(
    'WebhookUnavailable',
    `The AWS Load Balancer Controller of cluster ${write.access.name} does not answer, and the API server accepts no binding without its webhook: ${message}`,
    `Check its pods (kubectl -n kube-system get pods -l app.kubernetes.io/name=aws-load-balancer-controller) and its webhook certificate, then try again.`,
  );
};

const webhookDenied: Reader = ({ message }, write) => {
  if (!/admission webhook ".*" denied the request/s.test(message)) return null;
  return invalid(write, webhookText(message));
};

const conflict: Reader = (reply, write) => {
  const causes = reply.causes.filter((cause) => cause.reason === 'FieldManagerConflict');
  if (causes.length === 0 && !/^Apply failed with \d+ conflict/.test(reply.message)) return null;
  const fields = causes.map((cause) => `${cause.field} (${cause.message})`).join(', ') || reply.message;
  return refused(
    'FieldConflict',
    `Somebody else changed binding ${write.namespace}/${write.name} in cluster ${write.access.name}: ${fields}.`,
    'Find out who manages it there and let them give the field up, or apply again with force to take it over.',
  );
};

const terminating: Reader = (reply, write) => {
  if (!reply.message.includes('because it is being terminated')) return null;
  return refused(
    'NamespaceNotFound',
    `Namespace ${write.namespace} of cluster ${write.access.name} is being deleted and takes nothing new.`,
    'Wait until it is gone and create it again, or use another namespace.',
  );
};

const forbidden: Reader = (reply, write) => {
  if (reply.httpStatus !== 403) return null;
  return refused(
    'Forbidden',
    `Cluster ${write.access.name} does not allow it: ${reply.message}`,
    `Grant this to Sluice's user in cluster ${write.access.name} (its ClusterRole is in the README), then check the cluster again.`,
  );
};

const missing: Reader = (reply, write) => {
  if (reply.httpStatus !== 404) return null;
  if (reply.about?.kind === 'namespaces') return namespaceNotFound(write.access.name, write.namespace);
  return reply.about === null ? crdMissing(write.access) : null;
};

/** The cluster has no such namespace. */
export function namespaceNotFound(cluster: string, namespace: string): BindingRefusal {
  return refused(
    'NamespaceNotFound',
    `Cluster ${cluster} has no namespace ${namespace}.`,
    `Create the namespace with the Service in it, or correct the backend's namespace.`,
  );
}

/** The cluster does not serve the API group that it was registered with. */
export function crdMissing(access: ClusterAccess): BindingRefusal {
  return refused(
    'CrdMissing',
    `Cluster ${access.name} does not serve TargetGroupBindings of ${access.bindingApi}.`,
    access.bindingApi === 'elbv2.k8s.aws/v1beta1'
      ? 'Install the AWS Load Balancer Controller with its CRDs in that cluster, or register the cluster with eks.amazonaws.com/v1 if it runs EKS Auto Mode.'
      : 'Switch EKS Auto Mode on in that cluster, or register the cluster with elbv2.k8s.aws/v1beta1 if it runs the AWS Load Balancer Controller.',
  );
}

const notSchema: Reader = (reply, write) => {
  const typed = reply.message.includes('failed to create typed patch object');
  return typed || reply.httpStatus === 422 || reply.httpStatus === 400 ? invalid(write, reply.message) : null;
};

function invalid(write: RefusedWrite, said: string): BindingRefusal {
  return refused(
    'InvalidBinding',
    `Cluster ${write.access.name} does not accept binding ${write.namespace}/${write.name}: ${said}`,
    `Correct the named field of the backend; compare its target group's type, protocol and VPC with the cluster.`,
  );
}

function webhookText(message: string): string {
  return message.replace(/^.*denied the request: /s, '');
}

/** The controller's words first: they come with status 403 too. */
const readers: readonly Reader[] = [
  boundTwice,
  immutable,
  targetGroupMissing,
  webhookDown,
  webhookDenied,
  conflict,
  terminating,
  forbidden,
  missing,
  notSchema,
];
