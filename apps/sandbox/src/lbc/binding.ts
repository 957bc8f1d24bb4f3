import { createHash } from 'node:crypto';
import type { RemoteObject } from '../kube-client/kube-client.js';

export interface BindingSpec {
  serviceRef: { name: string; port: number | string };
  targetGroupARN?: string;
  targetGroupName?: string;
  targetType?: string;
  targetGroupProtocol?: string;
  ipAddressType?: string;
  vpcID?: string;
  multiClusterTargetGroup?: boolean;
  nodeSelector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
  networking?: object;
  iamRoleArnToAssume?: string;
  assumeRoleExternalId?: string;
}

/** A TargetGroupBinding, of either API group. */
export interface Binding extends RemoteObject {
  spec: BindingSpec;
  status?: { observedGeneration?: number; conditions?: object[] };
}

export const finalizer = 'elbv2.k8s.aws/resources';
export const checkpointAnnotation = 'elbv2.k8s.aws/checkpoint';
export const checkpointTimeAnnotation = 'elbv2.k8s.aws/checkpoint-timestamp';

/** What the last full reconcile saw: while endpoints and spec give the same, there is nothing to do. */
export function checkpointOf(targets: readonly string[], spec: BindingSpec): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url');
  return `${hash([...targets].sort().join(','))}/${hash(JSON.stringify(spec))}`;
}

export function nameOf(binding: RemoteObject): string {
  return `${binding.metadata.namespace ?? ''}/${binding.metadata.name}`;
}
