import { KubeApiError, type KubeClient, type RemoteObject } from '../kube-client/kube-client.js';
import { Reflector } from '../kube-client/reflector.js';
import { resources, serviceNameLabel, type EndpointSlice, type Pod, type Service } from '../kube-client/resources.js';
import { WorkQueue } from '../kube-client/work-queue.js';
import type { Faults } from '../shared/faults.js';
import { freeAddress } from './address-plan.js';
import { LocalServers } from './local-servers.js';
import type { NetworkRegistry } from './network-registry.js';
import { nodeObject, nodeStatus, podObject, runningStatus, sliceObject } from './pod-objects.js';
import { instanceId, podNames, serviceLabel, sliceName, targetPort, wantedPods } from './service-plan.js';
import { errorText } from '../shared/error-facts.js';

export interface PodSimulatorOptions {
  readonly cluster: string;
  readonly client: KubeClient;
  readonly registry: NetworkRegistry;
  readonly faults: Faults;
  /** First three bytes of the pods' addresses, `10.0.16`. */
  readonly range: string;
  readonly zone: string;
  onFailure(message: string): void;
}

/** Scheduler, kubelet and EndpointSlice controller of one cluster: gives every Service with a selector its pods. */
export class PodSimulator {
  private readonly services: Reflector<Service>;
  private readonly pods: Reflector<Pod>;
  private readonly slices: Reflector<EndpointSlice>;
  private readonly queue: WorkQueue;
  private readonly servers: LocalServers;
  private readonly promised = new Map<string, string>();

  constructor(private readonly options: PodSimulatorOptions) {
    const { client, cluster, registry, faults } = options;
    this.servers = new LocalServers(cluster, registry, faults);
    this.queue = new WorkQueue({
      work: (key) => this.reconcile(key),
      workers: 1,
      firstPauseMs: 50,
      longestPauseMs: 5_000,
      onFailure: (key, error) => options.onFailure(`pods of ${key} in ${cluster}: ${errorText(error)}`),
    });
    this.services = new Reflector<Service>(client, resources.services).onChange(({ now, before }) =>
      this.enqueue(now ?? before, (now ?? before)?.metadata.name),
    );
    this.pods = new Reflector<Pod>(client, resources.pods).onChange(({ now, before }) =>
      this.enqueue(now ?? before, (now ?? before)?.metadata.labels?.[serviceLabel]),
    );
    this.slices = new Reflector<EndpointSlice>(client, resources.endpointSlices).onChange(({ now, before }) =>
      this.enqueue(now ?? before, (now ?? before)?.metadata.labels?.[serviceLabel]),
    );
  }

  async start(): Promise<void> {
    await this.registerNode();
    this.queue.pause();
    const reflectors = [this.services.start(), this.pods.start(), this.slices.start()];
    await Promise.all(reflectors.map((each) => each.whenSynced));
    this.queue.resume();
  }

  async stop(): Promise<void> {
    await Promise.all([this.services.stop(), this.pods.stop(), this.slices.stop()]);
    await this.queue.stop();
    await this.servers.stop();
  }

  private enqueue(object: RemoteObject | undefined, service: string | undefined): void {
    if (object && service !== undefined) this.queue.add(`${object.metadata.namespace ?? ''}/${service}`);
  }

  private async registerNode(): Promise<void> {
    const { client, cluster, zone } = this.options;
    const node = nodeObject(instanceId(cluster), zone);
    await unlessThere(client.create(resources.nodes, node));
    await client.patch(resources.nodes, undefined, node.metadata.name, 'merge', nodeStatus, '/status');
  }

  private async reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const service = this.services.get(namespace, name);
    const wanted = new Set(podNames(name, wantedPods(service)));
    const own = this.pods
      .all()
      .filter((pod) => pod.metadata.namespace === namespace && pod.metadata.labels?.[serviceLabel] === name);
    if (service && wanted.size > 0)
      await this.syncSlice(
        service,
        own.filter((pod) => wanted.has(pod.metadata.name) && isServing(pod)),
      );
    for (const pod of own)
      if (!wanted.has(pod.metadata.name) || pod.metadata.deletionTimestamp) await this.removePod(pod);
    if (service === undefined || wanted.size === 0) await this.removeSlice(namespace, name);
    else for (const podName of wanted) await this.ensurePod(service, podName);
    await this.syncNodePorts();
  }

  private async ensurePod(service: Service, name: string): Promise<void> {
    const { client, cluster } = this.options;
    const { namespace = '', name: serviceName } = service.metadata;
    const pod =
      this.pods.get(namespace, name) ?? (await unlessThere(client.create(resources.pods, podObject(service, name))));
    if (pod === undefined || pod.metadata.deletionTimestamp) return;
    const ip = pod.status?.podIP ?? this.promiseAddress(`${namespace}/${name}`);
    await this.servers.ensurePod(
      { cluster, namespace, service: serviceName, pod: name },
      ip,
      (service.spec.ports ?? []).map(targetPort),
    );
    if (!isServing(pod))
      await client.patch(resources.pods, namespace, name, 'merge', runningStatus(ip, now()), '/status');
  }

  /** An address that nobody has; asking again for the same pod before its status shows it gives the same one. */
  private promiseAddress(key: string): string {
    const known = this.promised.get(key);
    if (known) return known;
    const inStatus = this.pods.all().flatMap((pod) => pod.status?.podIP ?? []);
    const address = freeAddress(
      this.options.range,
      new Set([...inStatus, ...this.promised.values(), ...this.servers.usedIps]),
    );
    this.promised.set(key, address);
    return address;
  }

  private async removePod(pod: Pod): Promise<void> {
    const { namespace = '', name } = pod.metadata;
    this.servers.removePod(namespace, name);
    this.promised.delete(`${namespace}/${name}`);
    await this.options.client.delete(resources.pods, namespace, name, { gracePeriodSeconds: 0 });
  }

  private async syncSlice(service: Service, ready: Pod[]): Promise<void> {
    const wanted = sliceObject(
      service,
      ready.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
    );
    const { namespace, name } = wanted.metadata;
    const known = this.slices.get(namespace, name);
    const content = ({ endpoints, ports, metadata }: EndpointSlice) =>
      JSON.stringify([
        (endpoints ?? []).map((each) => [
          each.addresses,
          each.conditions?.ready,
          each.targetRef?.name,
          each.targetRef?.uid,
        ]),
        ports?.map((port) => [port.name, port.port]),
        metadata.labels?.[serviceNameLabel],
      ]);
    if (known === undefined) await unlessThere(this.options.client.create(resources.endpointSlices, wanted));
    else if (content(known) !== content(wanted))
      await this.options.client.patch(resources.endpointSlices, namespace, name, 'merge', wanted);
  }

  private async removeSlice(namespace: string, service: string): Promise<void> {
    const slice = this.slices.get(namespace, sliceName(service));
    if (slice?.metadata.labels?.[serviceLabel] === service)
      await this.options.client.delete(resources.endpointSlices, namespace, slice.metadata.name);
  }

  private async syncNodePorts(): Promise<void> {
    const instance = instanceId(this.options.cluster);
    const wanted = new Set<string>();
    for (const service of this.services.all()) {
      for (const port of service.spec.ports ?? []) {
        if (!port.nodePort || wantedPods(service) === 0) continue;
        const address = `${instance}:${port.nodePort}`;
        wanted.add(address);
        await this.servers.ensureNodePort(address, service.metadata.namespace ?? '', service.metadata.name);
      }
    }
    await this.servers.keepNodePorts(wanted);
  }
}

function isServing(pod: Pod): boolean {
  return (
    !pod.metadata.deletionTimestamp &&
    pod.status?.podIP !== undefined &&
    (pod.status.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')
  );
}

/** Undefined when the object is there already: the next change that is seen brings it. */
async function unlessThere<T>(creation: Promise<T>): Promise<T | undefined> {
  return creation.catch((error: unknown) => {
    if (error instanceof KubeApiError && error.code === 409) return undefined;
    throw error;
  });
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
