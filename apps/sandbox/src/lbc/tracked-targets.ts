import type { KubeClient, RemoteObject } from '../kube-client/kube-client.js';
import { resources } from '../kube-client/resources.js';
import type { Binding } from './binding.js';

interface ConfigMap extends RemoteObject {
  data?: Record<string, string>;
}

/** Which targets of a shared target group are this cluster's: ConfigMap `aws-lbc-targets-<binding>`, key `targets`, comma separated. */
export class TrackedTargets {
  constructor(private readonly client: KubeClient) {}

  /** Undefined when nothing has been written down yet. */
  async read(binding: Binding): Promise<string[] | undefined> {
    const { namespace } = binding.metadata;
    const found = await this.client.find<ConfigMap>(resources.configMaps, namespace, nameFor(binding));
    return found?.data?.['targets']?.split(',').filter((target) => target !== '');
  }

  async write(binding: Binding, targets: readonly string[]): Promise<void> {
    const { namespace } = binding.metadata;
    const body: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: nameFor(binding), ...(namespace === undefined ? {} : { namespace }) },
      data: { targets: targets.join(',') },
    };
    await this.client.patch(
      resources.configMaps,
      namespace,
      nameFor(binding),
      'apply',
      body,
      '?fieldManager=aws-load-balancer-controller&force=true',
    );
  }

  async remove(binding: Binding): Promise<void> {
    await this.client.delete(resources.configMaps, binding.metadata.namespace, nameFor(binding));
  }
}

function nameFor(binding: Binding): string {
  return `aws-lbc-targets-${binding.metadata.name}`;
}
