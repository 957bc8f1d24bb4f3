import type { BindingRefusal, DesiredBinding } from '@sluice/control';
import { keyOf, type InMemoryCluster, type KeptBinding } from './in-memory-cluster.js';

/** A refusal of the fake: the same reasons as a real cluster's, in fewer words. */
export function refusal(reason: BindingRefusal['reason'], message: string, way = 'see the message'): BindingRefusal {
  return { result: 'refused', reason, message, way };
}

/** Labels of bindings that a load balancer controller made. */
export function madeByController(kept: KeptBinding): boolean {
  return Object.keys(kept.state.labels).some((label) => /^(ingress|service)\.k8s\.aws\/stack/.test(label));
}

export function isOurs(kept: KeptBinding): boolean {
  return kept.state.labels['app.kubernetes.io/managed-by'] === 'sluice';
}

/** Why this binding can't be applied to this cluster now; null if it can. */
export function whyNotApply(cluster: InMemoryCluster, desired: DesiredBinding, force: boolean): BindingRefusal | null {
  return (
    aboutService(cluster, desired) ??
    aboutRequest(desired) ??
    aboutLive(cluster.bindings.get(keyOf(desired)), desired, force) ??
    aboutOthers(cluster, desired)
  );
}

function aboutService(cluster: InMemoryCluster, desired: DesiredBinding): BindingRefusal | null {
  const { namespace, service: name, port: wanted } = desired;
  if (!cluster.namespaces.has(namespace)) return refusal('NamespaceNotFound', `no namespace ${namespace}`);
  const kept = cluster.services.get(keyOf({ namespace, name }));
  if (kept === undefined) return refusal('ServiceNotFound', `no Service ${namespace}/${name}`);
  const { type, ports, readyEndpoints } = kept.service;
  if (!ports.some((port) => port.port === wanted || port.name === wanted)) {
    return refusal(
      'ServicePortNotFound',
      `no port ${wanted}; it has ${ports.map((port) => `${port.port} (${port.name})`).join(', ')}`,
    );
  }
  if (type === 'ExternalName' || (desired.targetType === 'instance' && type === 'ClusterIP')) {
    return refusal('ServiceTypeUnsuitable', `the Service is of type ${type}`);
  }
  const noPods = desired.targetType === 'ip' && readyEndpoints === 0 && kept.otherEndpoints > 0;
  return noPods ? refusal('ServiceHasNoEndpoints', 'its endpoints are no pods') : null;
}

function aboutRequest(desired: DesiredBinding): BindingRefusal | null {
  if (desired.networking?.securityGroupIds.length === 0)
    return refusal('InvalidBinding', 'networking names no security group');
  const wrong = Object.values(desired.labels).find(
    (value) => !/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value),
  );
  return wrong === undefined ? null : refusal('InvalidBinding', `not a label value: ${wrong}`);
}

function aboutLive(live: KeptBinding | undefined, desired: DesiredBinding, force: boolean): BindingRefusal | null {
  if (live === undefined) return null;
  if (madeByController(live)) return refusal('ManagedByController', `${keyOf(desired)} was made by a controller`);
  const owner = live.state.labels['sluice.dev/backend'];
  const same = isOurs(live) && (owner === undefined || owner === desired.labels['sluice.dev/backend']);
  if (!same && !force)
    return refusal('NotOurs', `${keyOf(desired)} belongs to ${owner ?? 'somebody else'}`, 'apply with force');
  if (live.state.deleting) return refusal('InvalidBinding', `${keyOf(desired)} is being deleted`);
  const way = 'Create a second binding under another name.';
  if (live.state.targetGroupArn !== desired.targetGroupArn)
    return refusal('ImmutableField', 'spec.targetGroupARN', way);
  if (live.state.targetType !== desired.targetType) return refusal('ImmutableField', 'spec.targetType', way);
  const taken = live.portTakenBy !== null && live.state.port !== desired.port && !force;
  return taken ? refusal('FieldConflict', `.spec.serviceRef.port (conflict with "${live.portTakenBy ?? ''}")`) : null;
}

function aboutOthers(cluster: InMemoryCluster, desired: DesiredBinding): BindingRefusal | null {
  for (const [key, { state }] of cluster.bindings) {
    if (key !== keyOf(desired) && state.targetGroupArn === desired.targetGroupArn)
      return refusal('TargetGroupAlreadyBound', `the target group is bound by ${key}`);
  }
  return null;
}
