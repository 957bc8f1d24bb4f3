import type { BindingRefusal, BindingState, ClusterAccess, DesiredBinding } from '@sluice/control';
import { portOf, type SeenService } from './backend-service.js';
import { backendLabel, isOurs, madeByController } from './ownership.js';
import { alreadyBound, immutableField, refused } from './refusals.js';

/** What the cluster has now, read before a binding is written. */
export interface Surroundings {
  readonly access: ClusterAccess;
  readonly desired: DesiredBinding;
  readonly seen: SeenService;
  /** Every binding of the cluster, all namespaces. */
  readonly bindings: readonly BindingState[];
}

type Check = (around: Surroundings, force: boolean) => BindingRefusal | null;

/** Everything that would make the binding useless or harmful, though the API server would take it. The first that applies. */
export function whyNotBind(around: Surroundings, force: boolean): BindingRefusal | null {
  for (const check of checks) {
    const refusal = check(around, force);
    if (refusal !== null) return refusal;
  }
  return null;
}

const servicePortIsMissing: Check = ({ desired, seen: { service }, access }) => {
  if (portOf(service, desired.port) !== undefined) return null;
  const has = service.ports
    .map((port) => (port.name === null ? `${port.port}` : `${port.port} (${port.name})`))
    .join(', ');
  return refused(
    'ServicePortNotFound',
    `Service ${service.namespace}/${service.name} of cluster ${access.name} has no port ${desired.port}; it has ${has || 'none'}.`,
    `Set the backend's port to one of these, by number or by name.`,
  );
};

const serviceTypeIsUnsuitable: Check = ({ desired, seen: { service }, access }) => {
  const who = `Service ${service.namespace}/${service.name} of cluster ${access.name}`;
  if (service.type === 'ExternalName') {
    return refused(
      'ServiceTypeUnsuitable',
      `${who} is of type ExternalName: it has no pods that could be registered.`,
      'Bind a Service that selects pods.',
    );
  }
  if (desired.targetType !== 'instance') return null;
  if (service.type !== 'NodePort' && service.type !== 'LoadBalancer') {
    return refused(
      'ServiceTypeUnsuitable',
      `${who} is of type ${service.type}; target type instance needs NodePort or LoadBalancer, because traffic enters through a port of the nodes.`,
      `Change the Service's type to NodePort, or use a target group of type ip.`,
    );
  }
  if (portOf(service, desired.port)?.nodePort !== null) return null;
  return refused(
    'ServiceTypeUnsuitable',
    `${who} has no node port for its port ${desired.port}.`,
    'Set allocateLoadBalancerNodePorts to true on the Service, or use a target group of type ip.',
  );
};

const endpointsAreNoPods: Check = ({ desired, seen, access }) => {
  if (desired.targetType !== 'ip' || seen.service.readyEndpoints > 0 || seen.endpointsThatAreNoPods === 0) return null;
  return refused(
    'ServiceHasNoEndpoints',
    `The ${seen.endpointsThatAreNoPods} endpoints of Service ${seen.service.namespace}/${seen.service.name} of cluster ${access.name} are no pods; the controller registers pods only.`,
    'Bind a Service that selects pods.',
  );
};

const networkingIsUnusable: Check = ({ desired }) => {
  if (desired.networking === null) return null;
  if (desired.networking.securityGroupIds.length === 0) {
    return refused(
      'InvalidBinding',
      'networking names no security group, so it would let nobody in.',
      `Name the load balancer's security groups, or switch networking off for this backend.`,
    );
  }
  if (desired.targetType !== 'instance' || typeof desired.networking.port !== 'string') return null;
  return refused(
    'InvalidBinding',
    `networking.port is the name ${desired.networking.port}; target type instance needs a number.`,
    'Give the node port as a number, or leave the port out to open all of them.',
  );
};

const targetGroupIsBoundElsewhere: Check = ({ access, desired, bindings }) => {
  const other = bindings.find(
    (binding) => binding.targetGroupArn === desired.targetGroupArn && !isSame(binding, desired),
  );
  if (other === undefined) return null;
  const maker = madeByController(other)
    ? ', which the load balancer controller made itself from an Ingress or Service'
    : '';
  return alreadyBound(desired.targetGroupArn, `the binding ${other.namespace}/${other.name}${maker}`, access.name);
};

const bindingIsTheControllers: Check = ({ access, desired, bindings }) => {
  const live = bindings.find((binding) => isSame(binding, desired));
  return live !== undefined && madeByController(live) ? managedByController(access.name, live) : null;
};

/** A binding that the controller made from an Ingress or a Service is never touched. */
export function managedByController(
  cluster: string,
  binding: Pick<BindingState, 'namespace' | 'name'>,
): BindingRefusal {
  return refused(
    'ManagedByController',
    `Binding ${binding.namespace}/${binding.name} of cluster ${cluster} was made by the load balancer controller from an Ingress or a Service; a change would be reverted, and if it is deleted it may not come back.`,
    'Use another binding name and a target group of your own, or change the Ingress or Service it comes from.',
  );
}

const bindingIsSomebodyElses: Check = ({ access, desired, bindings }, force) => {
  const live = bindings.find((binding) => isSame(binding, desired));
  if (live === undefined || force) return null;
  const owner = live.labels[backendLabel];
  const wanted = desired.labels[backendLabel];
  if (isOurs(live) && (owner === undefined || wanted === undefined || owner === wanted)) return null;
  const whose = isOurs(live) ? `belongs to the backend ${owner ?? ''}` : 'was not made by Sluice';
  return refused(
    'NotOurs',
    `Binding ${live.namespace}/${live.name} of cluster ${access.name} exists and ${whose}.`,
    'Choose another binding name, or apply with force to take this one over.',
  );
};

const bindingIsGoingAway: Check = ({ access, desired, bindings }) => {
  const live = bindings.find((binding) => isSame(binding, desired));
  if (live === undefined || !live.deleting) return null;
  return refused(
    'InvalidBinding',
    `Binding ${live.namespace}/${live.name} of cluster ${access.name} is being deleted; what is applied now would vanish with it. ${live.problems.join(' ')}`,
    'Wait until it is gone and apply again, or use another binding name.',
  );
};

const fieldsAreFixed: Check = ({ access, desired, bindings }) => {
  const live = bindings.find((binding) => isSame(binding, desired));
  if (live === undefined) return null;
  const changed = [
    ...(live.targetGroupArn !== '' && live.targetGroupArn !== desired.targetGroupArn ? ['spec.targetGroupARN'] : []),
    ...(live.targetType !== null && live.targetType !== desired.targetType ? ['spec.targetType'] : []),
  ];
  return changed.length === 0 ? null : immutableField({ access, ...desired }, changed.join(','));
};

function isSame(binding: BindingState, desired: DesiredBinding): boolean {
  return binding.namespace === desired.namespace && binding.name === desired.name;
}

const checks: readonly Check[] = [
  servicePortIsMissing,
  serviceTypeIsUnsuitable,
  endpointsAreNoPods,
  networkingIsUnusable,
  bindingIsTheControllers,
  bindingIsSomebodyElses,
  bindingIsGoingAway,
  fieldsAreFixed,
  targetGroupIsBoundElsewhere,
];
