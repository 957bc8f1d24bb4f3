import type { BindingState } from '@sluice/control';

export const managedByLabel = 'app.kubernetes.io/managed-by';
export const backendLabel = 'sluice.dev/backend';

/** Labels that a load balancer controller puts on the bindings it makes from Ingresses and Services. */
const controllerLabels = /^(ingress|service)\.(k8s\.aws|eks\.amazonaws\.com)\/(stack|stack-name|stack-namespace)$/;

/** Whether a load balancer controller made this binding itself: never edited or deleted by us. */
export function madeByController(binding: Pick<BindingState, 'labels'>): boolean {
  return Object.keys(binding.labels).some((label) => controllerLabels.test(label));
}

/** Whether the binding carries our label. */
export function isOurs(binding: Pick<BindingState, 'labels'>): boolean {
  return binding.labels[managedByLabel] === 'sluice';
}
