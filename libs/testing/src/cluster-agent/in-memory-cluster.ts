import { randomUUID } from 'node:crypto';
import type { BackendService, BindingState } from '@sluice/control';
import type { ControllerEvent, ForeignBinding, Named, ServiceSeed } from './cluster-world.js';

/** A binding as the fake keeps it. */
export interface KeptBinding {
  state: BindingState;
  spec: Record<string, unknown>;
  finalizers: readonly string[];
  /** Another manager that took `spec.serviceRef.port` over. */
  portTakenBy: string | null;
  events: ControllerEvent[];
}

/** A Service as the fake keeps it. */
export interface KeptService {
  readonly service: BackendService;
  readonly otherEndpoints: number;
}

/** What is in one cluster of the fake, and hands to change it that are not ours. */
export class InMemoryCluster {
  /** Two of the fake with the same one are one cluster, met under two records; null = nobody may get kube-system. */
  kubeSystemUid: string | null = randomUUID();
  readonly namespaces = new Set(['default', 'kube-system']);
  readonly services = new Map<string, KeptService>();
  readonly bindings = new Map<string, KeptBinding>();
  private nodePorts = 30_000;
  private uids = 0;

  namespace(name: string): void {
    this.namespaces.add(name);
  }

  service(seed: ServiceSeed): void {
    this.namespaces.add(seed.namespace);
    const hasNodePorts = seed.type === 'NodePort' || seed.type === 'LoadBalancer';
    const ports = (seed.ports ?? [{ name: 'http', port: 80 }]).map((port) => ({
      ...port,
      nodePort: hasNodePorts ? (this.nodePorts += 1) : null,
    }));
    const service = {
      namespace: seed.namespace,
      name: seed.name,
      type: seed.type ?? 'ClusterIP',
      ports,
      readyEndpoints: seed.readyPods ?? 2,
    };
    this.services.set(keyOf(seed), { service, otherEndpoints: seed.otherEndpoints ?? 0 });
  }

  removeService(service: Named): void {
    this.services.delete(keyOf(service));
  }

  foreignBinding(binding: ForeignBinding): void {
    const port = binding.port ?? 80;
    const targetType = binding.targetType ?? 'ip';
    this.bindings.set(keyOf(binding), {
      state: this.newState({ ...binding, port, targetType, labels: binding.labels ?? {} }),
      spec: { serviceRef: { name: binding.service, port }, targetGroupARN: binding.targetGroupArn, targetType },
      finalizers: binding.finalizers ?? [],
      portTakenBy: null,
      events: [],
    });
  }

  /** Drops the last finalizer of a binding that is being deleted, and it is gone. */
  setFinalizers(binding: Named, finalizers: readonly string[]): void {
    const kept = this.mustHave(binding);
    kept.finalizers = finalizers;
    if (kept.state.deleting && finalizers.length === 0) this.bindings.delete(keyOf(binding));
  }

  otherManagerSetsPort(binding: Named, manager: string, port: number): void {
    const kept = this.mustHave(binding);
    kept.portTakenBy = manager;
    kept.state = { ...kept.state, port, generation: kept.state.generation + 1 };
    kept.spec = { ...kept.spec, serviceRef: { name: kept.state.service, port } };
  }

  event(binding: Named, event: ControllerEvent): void {
    this.mustHave(binding).events.push(event);
  }

  failedCleanup(binding: Named, message: string): void {
    const kept = this.mustHave(binding);
    kept.state = { ...kept.state, problems: [`FailedCleanup: ${message}`] };
  }

  newState(
    binding: Pick<BindingState, 'namespace' | 'name' | 'service' | 'port' | 'targetGroupArn' | 'targetType' | 'labels'>,
  ): BindingState {
    const { namespace, name, service, port, targetGroupArn, targetType, labels } = binding;
    return {
      namespace,
      name,
      service,
      port,
      targetGroupArn,
      targetType,
      labels: { ...labels },
      uid: `uid-${(this.uids += 1)}`,
      generation: 1,
      observedGeneration: null,
      deleting: false,
      problems: [],
    };
  }

  private mustHave(binding: Named): KeptBinding {
    const kept = this.bindings.get(keyOf(binding));
    if (kept === undefined) throw new Error(`the fake cluster has no binding ${keyOf(binding)}`);
    return kept;
  }
}

/** `namespace/name`. */
export function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}
