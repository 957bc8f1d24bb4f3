import type { BindingGroup } from './crd/target-group-binding-crd.js';
import { targetGroupBindings } from './crd/target-group-binding.js';
import type { ResourceType } from './resource-type.js';
import { configMaps, events, namespaces, nodes, pods, secrets } from './resources/core.js';
import { customResourceDefinitions } from './resources/custom-resource-definitions.js';
import { endpointSlices } from './resources/endpoint-slices.js';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './resources/rbac.js';
import { services } from './resources/services.js';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from './resources/webhook-configurations.js';

/**
 * Every kind that a sandbox cluster stores and serves; discovery, OpenAPI, routing and `kubectl get` are made from this.
 *
 * Beside these, questions that are answered and not stored: `selfsubjectaccessreviews` and `selfsubjectrulesreviews`
 * (authorization.k8s.io/v1) and `selfsubjectreviews` (authentication.k8s.io/v1); and the paths /version, /readyz, /livez, /api, /apis, /openapi/v3.
 */
const everywhere: readonly ResourceType[] = [
  namespaces,
  services,
  pods,
  nodes,
  events,
  configMaps,
  secrets,
  endpointSlices,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  customResourceDefinitions,
];

/** The kinds of one cluster; one in Auto Mode has the TargetGroupBinding of EKS beside the open-source one. */
export function resourcesOf(bindings: readonly BindingGroup[]): ResourceType[] {
  return [...everywhere, ...bindings.map(targetGroupBindings)];
}
