import { meansName, type Faults } from '../shared/faults.js';
import type { NetworkRegistry } from './network-registry.js';
import { NodePort } from './node-port.js';
import { PodServer, type PodIdentity } from './pod-server.js';

interface RunningPod {
  readonly server: PodServer;
  readonly ip: string;
  readonly identity: PodIdentity;
  addresses: ReadonlySet<string>;
}

/** How long a pod that was taken away goes on answering, so that what is under way ends well. */
const lingerMs = 3_000;

/** The local servers behind the pods and node ports of one cluster, and their entries in the network registry. */
export class LocalServers {
  private readonly pods = new Map<string, RunningPod>();
  private readonly nodePorts = new Map<string, NodePort>();
  private readonly lingering = new Map<NodeJS.Timeout, RunningPod>();

  constructor(
    private readonly cluster: string,
    private readonly registry: NetworkRegistry,
    private readonly faults: Faults,
  ) {}

  /** Addresses that pods have or had a moment ago. */
  get usedIps(): Set<string> {
    return new Set([...this.pods.values(), ...this.lingering.values()].map((pod) => pod.ip));
  }

  /** Makes sure that the pod runs and can be reached at `ip` on these ports. */
  async ensurePod(identity: PodIdentity, ip: string, ports: readonly number[]): Promise<void> {
    const key = `${identity.namespace}/${identity.pod}`;
    let pod = this.pods.get(key);
    if (pod !== undefined && pod.ip !== ip) {
      this.removePod(identity.namespace, identity.pod);
      pod = undefined;
    }
    if (pod === undefined) {
      pod = {
        server: await PodServer.start(identity, () => this.isUnhealthy(identity)),
        ip,
        identity,
        addresses: new Set(),
      };
      this.pods.set(key, pod);
    }
    const wanted = new Set(ports.map((port) => `${ip}:${port}`));
    for (const address of wanted) if (!pod.addresses.has(address)) await this.registry.put(address, pod.server.port);
    for (const address of pod.addresses) if (!wanted.has(address)) await this.registry.remove(address);
    pod.addresses = wanted;
  }

  /** Takes the pod away; its server and its address go a little later. */
  removePod(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const pod = this.pods.get(key);
    if (pod === undefined) return;
    this.pods.delete(key);
    const timer = setTimeout(() => {
      this.lingering.delete(timer);
      void this.end(pod);
    }, lingerMs);
    this.lingering.set(timer, pod);
  }

  /** Makes sure that the node port leads to the pods of the Service. */
  async ensureNodePort(address: string, namespace: string, service: string): Promise<void> {
    if (this.nodePorts.has(address)) return;
    const nodePort = await NodePort.start(() =>
      [...this.pods.values()]
        .filter(({ identity }) => identity.namespace === namespace && identity.service === service)
        .map(({ server }) => server.port),
    );
    try {
      await this.registry.put(address, nodePort.port);
    } catch (error) {
      await nodePort.stop();
      throw error;
    }
    this.nodePorts.set(address, nodePort);
  }

  /** Closes the node ports that are not in `wanted`. */
  async keepNodePorts(wanted: ReadonlySet<string>): Promise<void> {
    for (const [address, nodePort] of [...this.nodePorts]) {
      if (wanted.has(address)) continue;
      this.nodePorts.delete(address);
      await this.registry.remove(address);
      await nodePort.stop();
    }
  }

  /** Ends every server; the registry keeps the addresses, which lead nowhere until the next start. */
  async stop(): Promise<void> {
    for (const timer of this.lingering.keys()) clearTimeout(timer);
    const servers = [...this.pods.values(), ...this.lingering.values()].map((pod) => pod.server);
    await Promise.all([...servers, ...this.nodePorts.values()].map((each) => each.stop()));
  }

  private async end(pod: RunningPod): Promise<void> {
    const isReused = [...this.pods.values()].some((other) => other.ip === pod.ip);
    if (!isReused) await Promise.allSettled([...pod.addresses].map((address) => this.registry.remove(address)));
    await pod.server.stop();
  }

  private isUnhealthy({ namespace, service }: PodIdentity): boolean {
    const fault = this.faults.get('pods.unhealthy');
    return (
      fault !== undefined &&
      meansName(fault.cluster, this.cluster) &&
      (fault.namespace === undefined || meansName(fault.namespace, namespace)) &&
      (fault.service === undefined || meansName(fault.service, service))
    );
  }
}
