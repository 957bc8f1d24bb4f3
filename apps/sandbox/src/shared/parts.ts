import type { Faults } from './faults.js';

/** Keys that the sandbox's AWS accepts; they are no secret. */
export interface SandboxCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const partsKeyPrefix = 'AKIASANDBOXPART';

/** The keys by which the sandbox's own parts call AWS in an account: outside the users' token buckets, untouched by faults. */
export function partsCredentials(account: string): SandboxCredentials {
  return { accessKeyId: `${partsKeyPrefix}${account}`, secretAccessKey: 'sandbox-part' };
}

/** The account of such a key, or undefined if it is somebody else's. */
export function accountOfPartsKey(accessKeyId: string): string | undefined {
  return accessKeyId.startsWith(partsKeyPrefix) ? accessKeyId.slice(partsKeyPrefix.length) : undefined;
}

/** What `cluster/index.ts` exports as `startClusters`. */
export interface ClustersOptions {
  /** Where state is kept; each cluster takes its own files or folder below it. */
  readonly dir: string;
  readonly names: readonly string[];
  readonly faults: Faults;
  /** First port to try; each cluster remembers its own afterwards. */
  readonly port?: number;
}

export interface RunningClusters {
  /** Cluster name to kubeconfig file. */
  readonly kubeconfigs: Record<string, string>;
  stop(): Promise<void>;
}

export type StartClusters = (options: ClustersOptions) => Promise<RunningClusters>;

/** What `lbc/index.ts` exports as `startControllers`: for each cluster the controller's stand-in and its pods. */
export interface ControllersOptions {
  readonly dir: string;
  readonly kubeconfigs: Record<string, string>;
  readonly awsEndpoint: string;
  readonly region: string;
  readonly credentials: SandboxCredentials;
  /** Base URL of the network registry: `PUT {networkUrl}/network/endpoints/{ip}:{port}`. */
  readonly networkUrl: string;
  readonly faults: Faults;
}

export interface RunningPart {
  stop(): Promise<void>;
}

export type StartControllers = (options: ControllersOptions) => Promise<RunningPart>;
