import type { DesiredBinding } from '../ports/cluster-agent.js';
import type { Backend } from './types.js';

/** A name of ours that no other backend of the namespace has; pods' readiness gates carry it, so at most 63 characters. */
export function bindingName(backend: Pick<Backend, 'id' | 'name'>): string {
  const slug = backend.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return ['sluice', slug, backend.id.slice(-6)].filter((part) => part !== '').join('-');
}

export function desiredBinding(
  backend: Backend,
  name: string,
  networking: DesiredBinding['networking'],
): DesiredBinding {
  const { namespace, service, port, targetGroupArn, targetType } = backend;
  return {
    namespace,
    name,
    service,
    port,
    targetGroupArn,
    targetType,
    networking,
    labels: {
      'app.kubernetes.io/managed-by': 'sluice',
      'sluice.dev/project': backend.projectId,
      'sluice.dev/backend': backend.id,
    },
  };
}
