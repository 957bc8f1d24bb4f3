import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { SandboxOptions } from './shared/command-line.js';
import { startControl } from './shared/control-server.js';
import { Faults } from './shared/faults.js';
import { RemoteNetwork, type NetworkView } from './shared/network-view.js';
import { partsCredentials, type SandboxCredentials } from './shared/parts.js';
import { Ports } from './shared/ports.js';

/** What `access.json` holds once everything is up. */
export interface Access {
  readonly control: string;
  readonly network?: string;
  readonly aws: { readonly endpoint?: string; readonly region: string } & SandboxCredentials;
  /** Further accounts by id, when there are several. */
  readonly accounts: Readonly<Record<string, SandboxCredentials>>;
  /** Cluster name to the administrator's kubeconfig file. */
  readonly clusters: Readonly<Record<string, string>>;
  /** Cluster name to the kubeconfig file of user `sluice`, who may do only what Sluice needs; for clusters that run here. */
  readonly sluiceClusters: Readonly<Record<string, string>>;
}

export interface RunningSandbox {
  readonly access: Access;
  /** Stops the parts in the reverse order of their start. */
  stop(): Promise<void>;
}

/** The keys of a user of the sandbox in an account. They open nothing else. */
function userCredentials(account: string): SandboxCredentials {
  return { accessKeyId: `AKIASANDBOX${account}`, secretAccessKey: 'sandbox-secret-key' };
}

/** Starts the chosen parts; each meets the others over their wire protocols only, whether they run here or elsewhere. */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  await mkdir(options.dir, { recursive: true });
  const accessFile = path.join(options.dir, 'access.json');
  await rm(accessFile, { force: true });
  const starting = new Starting(options, await Ports.open(options.dir));
  try {
    const access = await starting.all();
    await writeFileAtomic(accessFile, `${JSON.stringify(access, null, 2)}\n`, { fsync: false });
    return { access, stop: () => starting.stop() };
  } catch (error) {
    await starting.stop();
    throw error;
  }
}

class Starting {
  private readonly faults = new Faults();
  private readonly stops: (() => Promise<void>)[] = [];
  private readonly credentials: SandboxCredentials;
  private readonly account: string;

  constructor(
    private readonly options: SandboxOptions,
    private readonly ports: Ports,
  ) {
    this.account = options.accounts[0] ?? '';
    this.credentials = elsewhereCredentials(options) ?? userCredentials(this.account);
  }

  async all(): Promise<Access> {
    const { options, faults } = this;
    const control = await this.ports.start('control', options.ports.control, (port) =>
      startControl({ port, faults, dir: options.dir }),
    );
    this.stops.push(() => control.stop());
    const { network, networkUrl } = await this.network();
    const awsEndpoint = await this.aws(networkUrl);
    if (network !== undefined) await this.dataPlane(network, awsEndpoint);
    const clusters = await this.clusters();
    await this.controllers(clusters.admin, awsEndpoint, networkUrl);
    return {
      control: control.url,
      network: networkUrl,
      aws: { endpoint: awsEndpoint, region: options.region, ...this.credentials },
      accounts: Object.fromEntries(options.accounts.map((account) => [account, userCredentials(account)])),
      clusters: clusters.admin,
      sluiceClusters: clusters.sluice,
    };
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => console.error('sandbox: a part did not stop cleanly', error));
    }
  }

  private async network(): Promise<{ network?: NetworkView; networkUrl?: string }> {
    const { options } = this;
    if (!options.parts.has('data-plane')) return { networkUrl: options.networkUrl };
    if (options.networkUrl !== undefined)
      return { network: new RemoteNetwork(options.networkUrl), networkUrl: options.networkUrl };
    const { startNetwork } = await import('./data-plane/index.js');
    const network = await this.ports.start('network', options.ports.network, (port) =>
      startNetwork({ dir: options.dir, port }),
    );
    this.stops.push(() => network.close());
    return { network, networkUrl: network.url };
  }

  private async aws(networkUrl: string | undefined): Promise<string | undefined> {
    const { options, faults } = this;
    if (!options.parts.has('aws')) return options.awsEndpoint;
    const { startAws, atSpeed, bucketsOf } = await import('./aws/index.js');
    const aws = await this.ports.start('aws', options.ports.aws, (port) =>
      startAws({
        dir: options.dir,
        isKept: options.awsState === 'file',
        port,
        faults,
        networkUrl: need(networkUrl, 'aws', '--network-url'),
        healthIntervalScale: options.healthIntervalScale,
        roles: options.roles,
        accessKeys: options.accounts.map((account) => ({ ...userCredentials(account), account })),
        buckets: atSpeed(bucketsOf(options.awsLimits), options.awsSpeed),
      }),
    );
    this.stops.push(() => aws.stop());
    return aws.endpoint;
  }

  private async dataPlane(network: NetworkView, awsEndpoint: string | undefined): Promise<void> {
    const { options, faults, account } = this;
    const elsewhere = elsewhereCredentials(options);
    const { startDataPlane } = await import('./data-plane/index.js');
    const dataPlane = await startDataPlane({
      awsEndpoint: need(awsEndpoint, 'data-plane', '--aws-endpoint'),
      network,
      faults,
      account,
      region: options.region,
      pollMs: options.pollMs,
      credentialsFor: (owner) => elsewhere ?? partsCredentials(owner),
    });
    this.stops.push(() => dataPlane.stop());
  }

  private async clusters(): Promise<Readonly<Record<'admin' | 'sluice', Readonly<Record<string, string>>>>> {
    const { options, faults } = this;
    if (!options.parts.has('clusters')) return { admin: options.kubeconfigs, sluice: {} };
    const { startClusters } = await import('./cluster/index.js');
    const clusters = await startClusters({
      dir: options.dir,
      names: options.clusters,
      autoMode: options.autoMode,
      faults,
      port: options.ports.cluster,
    });
    this.stops.push(() => clusters.stop());
    return { admin: { ...options.kubeconfigs, ...clusters.kubeconfigs }, sluice: clusters.sluiceKubeconfigs };
  }

  private async controllers(
    kubeconfigs: Readonly<Record<string, string>>,
    awsEndpoint: string | undefined,
    networkUrl: string | undefined,
  ): Promise<void> {
    const { options, faults, credentials } = this;
    if (!options.parts.has('controller')) return;
    const { startControllers } = await import('./lbc/index.js');
    const controllers = await startControllers({
      dir: options.dir,
      kubeconfigs,
      faults,
      region: options.region,
      credentials,
      awsEndpoint: need(awsEndpoint, 'controller', '--aws-endpoint'),
      networkUrl: need(networkUrl, 'controller', '--network-url'),
      onFailure: (message) => console.error(`sandbox: ${message}`),
    });
    this.stops.push(() => controllers.stop());
  }
}

/** Keys of an AWS that runs elsewhere and may want its own. */
function elsewhereCredentials(options: SandboxOptions): SandboxCredentials | undefined {
  const { SANDBOX_AWS_ACCESS_KEY_ID: accessKeyId, SANDBOX_AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  return options.parts.has('aws') || !accessKeyId || !secretAccessKey ? undefined : { accessKeyId, secretAccessKey };
}

function need(value: string | undefined, part: string, option: string): string {
  if (value === undefined) throw new Error(`The part ${part} needs ${option}, as the part it names doesn't run here`);
  return value;
}
