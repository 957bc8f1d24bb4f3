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

/** What the controllers' stand-in and its pods are started with. */
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
