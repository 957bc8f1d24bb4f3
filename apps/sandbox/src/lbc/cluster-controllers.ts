import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeApiError, KubeClient, type Resource } from '../kube-client/kube-client.js';
import { resources } from '../kube-client/resources.js';
import { NamespaceController, NetworkRegistry, PodSimulator } from '../pods/index.js';
import { CertificateFolder } from '../shared/certificates.js';
import { meansName, type Faults } from '../shared/faults.js';
import type { Binding } from './binding.js';
import { Controller } from './controller.js';
import { Mutator } from './mutator.js';
import { TargetGroups } from './target-groups.js';
import { Validator } from './validator.js';
import { mutatePath, registerWebhooks, validatePath } from './webhook-registration.js';
import { WebhookServer } from './webhook-server.js';
import { errorText } from '../shared/error-facts.js';

export interface ClusterControllersOptions {
  readonly cluster: string;
  /** The folder for this cluster's webhook certificates and port. */
  readonly dir: string;
  readonly kubeconfig: string;
  readonly awsEndpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly networkUrl: string;
  readonly podRange: string;
  readonly faults: Faults;
  onFailure(message: string): void;
}

const startDeadlineMs = 30_000;
const startPauseMs = 250;

/** The controller with its webhooks, and the pods, of one cluster. */
export class ClusterControllers {
  private readonly lbcClient: KubeClient;
  private readonly podClient: KubeClient;
  private readonly targetGroups: TargetGroups;
  private controller: Controller | undefined;
  private pods: PodSimulator | undefined;
  private namespaces: NamespaceController | undefined;
  private webhooks: WebhookServer | undefined;
  private switching: Promise<void> = Promise.resolve();
  private stopFaults: () => void = () => undefined;

  constructor(private readonly options: ClusterControllersOptions) {
    this.lbcClient = KubeClient.fromFile(options.kubeconfig, 'aws-load-balancer-controller');
    this.podClient = KubeClient.fromFile(options.kubeconfig, 'sandbox-pods');
    this.targetGroups = TargetGroups.at(options.awsEndpoint, options.region, options.credentials);
  }

  async start(): Promise<void> {
    const bindingResources = await patiently(() => this.bindingResources());
    await patiently(() => this.openWebhooks(bindingResources));
    const { cluster, networkUrl, faults, podRange: range, region, onFailure } = this.options;
    this.pods = new PodSimulator({
      cluster,
      client: this.podClient,
      registry: new NetworkRegistry(networkUrl, cluster),
      faults,
      range,
      zone: `${region}a`,
      onFailure,
    });
    this.controller = new Controller(
      { cluster, client: this.lbcClient, targetGroups: this.targetGroups, onFailure },
      bindingResources,
    );
    this.namespaces = new NamespaceController(this.podClient, onFailure);
    await patiently(() => this.pods?.start() ?? Promise.resolve());
    await this.namespaces.start();
    await this.controller.start();
    this.stopFaults = faults.onChange((name) => {
      if (name === 'controller.down') this.switch();
    });
    this.switch();
    await this.switching;
  }

  async stop(): Promise<void> {
    this.stopFaults();
    await this.switching;
    await Promise.all([this.controller?.stop(), this.pods?.stop(), this.namespaces?.stop(), this.webhooks?.shut()]);
    await Promise.all([this.lbcClient.close(), this.podClient.close()]);
    this.targetGroups.close();
  }

  /** Brings the controller and its webhooks into the state that the fault asks for, one change after the other. */
  private switch(): void {
    this.switching = this.switching
      .then(async () => {
        const fault = this.options.faults.get('controller.down');
        if (fault !== undefined && meansName(fault.name, this.options.cluster)) {
          this.controller?.pause();
          await this.webhooks?.shut();
        } else {
          await this.webhooks?.open();
          this.controller?.resume();
        }
      })
      .catch((error: unknown) =>
        this.options.onFailure(`switching the controller of ${this.options.cluster}: ${errorText(error)}`),
      );
  }

  /** The kinds of binding that this cluster serves: the open-source one, and that of Auto Mode where it is. */
  private async bindingResources(): Promise<Resource[]> {
    try {
      await this.lbcClient.call('GET', `/${resources.autoModeBindings.api}`);
      return [resources.bindings, resources.autoModeBindings];
    } catch (error) {
      if (error instanceof KubeApiError && error.code === 404) return [resources.bindings];
      throw error;
    }
  }

  private async openWebhooks(bindingResources: readonly Resource[]): Promise<void> {
    const { dir, cluster } = this.options;
    const folder = new CertificateFolder(dir);
    const authority = await folder.authority(`${cluster} webhooks`);
    const { certificate, key } = await folder.server(authority, 'webhook', ['localhost']);
    const listBindings = async (): Promise<Binding[]> =>
      (await Promise.all(bindingResources.map((each) => this.lbcClient.list<Binding>(each)))).flatMap(
        (list) => list.items,
      );
    this.webhooks ??= new WebhookServer({
      certificatePem: certificate,
      keyPem: key,
      reviewers: {
        [mutatePath]: new Mutator(this.targetGroups),
        [validatePath]: new Validator(this.targetGroups, listBindings),
      },
    });
    const portFile = join(dir, 'webhook-port');
    await this.webhooks.open(rememberedPort(portFile));
    writeFileSync(portFile, String(this.webhooks.port));
    await registerWebhooks(this.lbcClient, this.webhooks.port, authority.certificate);
  }
}

/** Tries until it works: the API server or the network registry may be a moment away. Throws what went wrong last. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(startPauseMs);
    }
  }
}

function rememberedPort(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0; // the first start: nothing is remembered yet
  }
}
