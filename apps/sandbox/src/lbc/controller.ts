import type { KubeClient, RemoteObject, Resource } from '../kube-client/kube-client.js';
import { KubeApiError } from '../kube-client/kube-client.js';
import { Reflector } from '../kube-client/reflector.js';
import {
  resources,
  serviceNameLabel,
  type EndpointSlice,
  type Node,
  type Pod,
  type Service,
} from '../kube-client/resources.js';
import { WorkQueue } from '../kube-client/work-queue.js';
import type { Binding } from './binding.js';
import type { ClusterView } from './endpoints.js';
import { EventRecorder } from './event-recorder.js';
import { ReconcileFailure, Reconciler } from './reconciler.js';
import type { TargetGroups } from './target-groups.js';
import { errorText } from '../shared/error-facts.js';

export interface ControllerOptions {
  readonly cluster: string;
  readonly client: KubeClient;
  readonly targetGroups: TargetGroups;
  onFailure(message: string): void;
}

/** The kind of one API group, and what reconciles it. */
interface Kind {
  readonly group: string;
  readonly bindings: Reflector<Binding>;
  readonly reconciler: Reconciler;
}

/** The controller of one cluster: watches bindings and what they lead to, and works on those that something happened to. */
export class Controller {
  private readonly services: Reflector<Service>;
  private readonly pods: Reflector<Pod>;
  private readonly nodes: Reflector<Node>;
  private readonly slices: Reflector<EndpointSlice>;
  private readonly kinds: readonly Kind[];
  private readonly queue: WorkQueue;

  constructor(
    private readonly options: ControllerOptions,
    bindingResources: readonly Resource[],
  ) {
    const { client } = options;
    this.queue = new WorkQueue({
      work: (key) => this.work(key),
      workers: 3,
      firstPauseMs: 5,
      longestPauseMs: 1_000_000,
      onFailure: (key, error) =>
        options.onFailure(`binding ${key.split('/').slice(1).join('/')} in ${options.cluster}: ${errorText(error)}`),
    });
    this.services = new Reflector<Service>(client, resources.services);
    this.pods = new Reflector<Pod>(client, resources.pods).onChange(({ now, before }) => this.podChanged(now, before));
    this.nodes = new Reflector<Node>(client, resources.nodes).onChange(() =>
      this.enqueueWhere((binding) => binding.spec.targetType === 'instance'),
    );
    this.slices = new Reflector<EndpointSlice>(client, resources.endpointSlices).onChange(({ now, before }) =>
      this.sliceChanged(now ?? before),
    );
    this.kinds = bindingResources.map((resource) => this.kindOf(resource));
  }

  async start(): Promise<void> {
    this.queue.pause();
    const reflectors = [this.services, this.pods, this.nodes, this.slices, ...this.kinds.map((kind) => kind.bindings)];
    await Promise.all(reflectors.map((reflector) => reflector.start().whenSynced));
    this.queue.resume();
  }

  /** Stops working, as when the process is not running. */
  pause(): void {
    this.queue.pause();
  }

  /** Goes on, and looks at everything again, as after a start. */
  resume(): void {
    this.enqueueWhere(() => true);
    this.queue.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.services, this.pods, this.nodes, this.slices, ...this.kinds.map((kind) => kind.bindings)].map((reflector) =>
        reflector.stop(),
      ),
    );
    await this.queue.stop();
  }

  /** All bindings of the cluster, whatever their namespace and group. */
  bindings(): Binding[] {
    return this.kinds.flatMap((kind) => kind.bindings.all());
  }

  private kindOf(resource: Resource): Kind {
    const { client, cluster, targetGroups } = this.options;
    const isAutoMode = resource.api === resources.autoModeBindings.api;
    const group = resource.api.split('/')[1] ?? '';
    const bindings = new Reflector<Binding>(client, resource).onChange(({ now }) => {
      if (now) this.queue.add(keyOf(group, now));
    });
    const events = new EventRecorder(client, 'targetGroupBinding');
    const reconciler = new Reconciler({
      client,
      resource,
      view: this.view(),
      targetGroups,
      events,
      ...(isAutoMode ? { autoModeCluster: cluster } : {}),
    });
    return { group, bindings, reconciler };
  }

  private async work(key: string): Promise<void> {
    const [group = '', namespace = '', name = ''] = key.split('/');
    const kind = this.kinds.find((each) => each.group === group);
    const binding = kind?.bindings.get(namespace, name);
    if (kind === undefined || binding === undefined) return;
    try {
      await kind.reconciler.reconcile(withKind(binding));
    } catch (error) {
      const isStale =
        error instanceof ReconcileFailure &&
        error.cause instanceof KubeApiError &&
        [404, 409].includes(error.cause.code);
      if (!isStale) throw error;
    }
  }

  private view(): ClusterView {
    return {
      service: (namespace, name) => this.services.get(namespace, name),
      pod: (namespace, name) => this.pods.get(namespace, name),
      slices: () => this.slices.all(),
      nodes: () => this.nodes.all(),
    };
  }

  private sliceChanged(slice: EndpointSlice | undefined): void {
    const service = slice?.metadata.labels?.[serviceNameLabel];
    if (service !== undefined)
      this.enqueueWhere(
        (binding) =>
          binding.metadata.namespace === slice?.metadata.namespace && binding.spec.serviceRef.name === service,
      );
  }

  /** An endpoint counts only with its pod: when the pod's cache entry comes later than the slice, look again. */
  private podChanged(now: RemoteObject | undefined, before: RemoteObject | undefined): void {
    if (now !== undefined && before !== undefined) return;
    const namespace = (now ?? before)?.metadata.namespace;
    if (now !== undefined)
      this.enqueueWhere(
        (binding) =>
          binding.metadata.namespace === namespace &&
          binding.spec.targetType !== 'instance' &&
          this.refersTo(binding, now),
      );
  }

  private refersTo(binding: Binding, pod: RemoteObject): boolean {
    return this.slices
      .all()
      .some(
        (slice) =>
          slice.metadata.namespace === binding.metadata.namespace &&
          slice.metadata.labels?.[serviceNameLabel] === binding.spec.serviceRef.name &&
          (slice.endpoints ?? []).some((endpoint) => endpoint.targetRef?.name === pod.metadata.name),
      );
  }

  private enqueueWhere(matches: (binding: Binding) => boolean): void {
    for (const { group, bindings } of this.kinds) {
      for (const binding of bindings.all()) if (matches(binding)) this.queue.add(keyOf(group, binding));
    }
  }
}

function keyOf(group: string, { metadata }: Binding): string {
  return `${group}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Items of a list come without apiVersion and kind; events need them. */
function withKind(binding: Binding): Binding {
  return {
    ...binding,
    apiVersion: binding.apiVersion ?? 'elbv2.k8s.aws/v1beta1',
    kind: binding.kind ?? 'TargetGroupBinding',
  };
}
