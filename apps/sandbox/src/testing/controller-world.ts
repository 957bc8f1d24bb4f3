import { join } from 'node:path';
import {
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { startClusters, type RunningClusters } from '../cluster/index.js';
import { KubeClient, type RemoteObject } from '../kube-client/kube-client.js';
import { resources } from '../kube-client/resources.js';
import type { Binding } from '../lbc/binding.js';
import { startControllers } from '../lbc/index.js';
import type { RunningPart } from '../shared/parts.js';
import { AwsWorld, keys, region } from './aws-world.js';
import { eventually } from './eventually.js';

interface EventObject extends RemoteObject {
  reason: string;
  message: string;
  type: string;
  count: number;
  source: { component: string };
  involvedObject: { name: string; namespace: string };
}

/** AWS, network, clusters, pods and controllers of the sandbox together, and clients of them all. */
export class ControllerWorld {
  readonly failures: string[] = [];
  readonly client: KubeClient;

  private constructor(
    readonly aws: AwsWorld,
    readonly clusters: RunningClusters,
    private controllers: RunningPart | undefined,
  ) {
    this.client = KubeClient.fromFile(clusters.kubeconfigs['blue'] ?? '', 'test');
  }

  static async start({ names = ['blue'], autoMode = [] as string[] } = {}): Promise<ControllerWorld> {
    const aws = await AwsWorld.start();
    const clusters = await startClusters({ dir: aws.dir, names, autoMode, faults: aws.faults });
    const world = new ControllerWorld(aws, clusters, undefined);
    await world.startControllers();
    return world;
  }

  async startControllers(): Promise<void> {
    this.controllers = await startControllers({
      dir: this.aws.dir,
      kubeconfigs: this.clusters.kubeconfigs,
      awsEndpoint: this.aws.aws.endpoint,
      region,
      credentials: keys,
      networkUrl: this.aws.network.url,
      faults: this.aws.faults,
      onFailure: (message) => this.failures.push(message),
    });
  }

  async stopControllers(): Promise<void> {
    await this.controllers?.stop();
    this.controllers = undefined;
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.stopControllers();
    await this.clusters.stop();
    await this.aws.stop();
  }

  /** A Service with pods in a namespace that is made when it is not there. */
  async service(
    namespace: string,
    name: string,
    { pods = 2, type = 'ClusterIP' } = {},
    client = this.client,
  ): Promise<void> {
    await client.create(resources.namespaces, { metadata: { name: namespace } }).catch(() => undefined);
    const spec = { type, selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
    await client.create(resources.services, {
      metadata: { name, namespace, annotations: { 'sandbox.sluice.dev/pods': String(pods) } },
      spec,
    } as RemoteObject);
  }

  async scale(namespace: string, name: string, pods: number): Promise<void> {
    await this.client.patch(resources.services, namespace, name, 'merge', {
      metadata: { annotations: { 'sandbox.sluice.dev/pods': String(pods) } },
    });
  }

  /** Server-side apply of a binding as Sluice would; the refusal's words when it is refused. */
  async bind(name: string, spec: Record<string, unknown>, namespace = 'red-ns'): Promise<Binding | string> {
    const body = {
      apiVersion: 'elbv2.k8s.aws/v1beta1',
      kind: 'TargetGroupBinding',
      metadata: { name, namespace },
      spec: { serviceRef: { name: 'red-service', port: 80 }, ...spec },
    };
    return this.client
      .patch<Binding>(resources.bindings, namespace, name, 'apply', body, '?fieldManager=sluice&force=true')
      .catch((error: { code: number; message: string }) => `${error.code} ${error.message}`);
  }

  binding(name: string, namespace = 'red-ns'): Promise<Binding | undefined> {
    return this.client.find<Binding>(resources.bindings, namespace, name);
  }

  /** Targets that are registered and not on their way out. */
  async targets(arn: string): Promise<string[]> {
    const { TargetHealthDescriptions = [] } = await this.aws.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
    );
    return TargetHealthDescriptions.filter((each) => each.TargetHealth?.State !== 'draining')
      .map((each) => `${each.Target?.Id ?? ''}:${each.Target?.Port ?? 0}`)
      .sort();
  }

  async untilTargets(arn: string, count: number): Promise<string[]> {
    return eventually(
      () => this.targets(arn),
      (targets) => targets.length === count,
    );
  }

  /** Waits until the controller has written its status and checkpoint for the binding's present generation. */
  async untilReconciled(name: string): Promise<Binding> {
    const seen = await eventually(
      () => this.binding(name),
      (each) =>
        each?.status?.observedGeneration === each?.metadata.generation &&
        each?.metadata.annotations?.['elbv2.k8s.aws/checkpoint'] !== undefined,
    );
    if (seen === undefined) throw new Error(`binding ${name} is not there`);
    return seen;
  }

  async events(name: string): Promise<string[]> {
    const { items } = await this.client.list<EventObject>(resources.events);
    return items.filter((event) => event.involvedObject.name === name).map((event) => `${event.type} ${event.reason}`);
  }

  async deregister(arn: string, target: string): Promise<void> {
    const [Id, Port] = target.split(':');
    await this.aws.elb.send(
      new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id, Port: Number(Port) }] }),
    );
  }

  async deleteTargetGroup(arn: string): Promise<void> {
    await this.aws.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
  }

  /** What the sandbox's network leads to. */
  async endpoints(): Promise<Record<string, { host: string; port: number }>> {
    return (await (await fetch(`${this.aws.network.url}/network/endpoints`)).json()) as Record<
      string,
      { host: string; port: number }
    >; // the registry's own reply
  }

  kubeconfig(cluster: string): string {
    return this.clusters.kubeconfigs[cluster] ?? join('no such cluster', cluster);
  }
}
