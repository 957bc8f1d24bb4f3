import { InvalidInput, type FieldIssue } from '@sluice/domain';
import { largestKubeconfigBytes, type ClusterAccess } from '../ports/cluster-agent.js';
import type { ClusterRecord, StoredClusterCredentials } from '../stores/resource-store.js';
import type { Checks } from './checks.js';
import type { ClusterAccessFactory } from './cluster-access.js';
import type { ClusterConnection } from './clusters.js';
import type { EndpointPolicy } from './endpoint-policy.js';
import { secretOf } from './cluster-access.js';

/** Where a cluster is and how we show ourselves to it. */
export type ClusterEndpoint = Pick<ClusterAccess, 'server' | 'caPem' | 'tlsServerName' | 'auth'>;

/** Strict readers of what a person sends; InvalidInput with every field that is wrong, values never repeated. */
export interface ClusterReaders {
  /** `server`, `caPem` or `caData`, `tlsServerName`, and `token` or `clientCertificate` with `clientKey`. */
  readonly parseClusterCredentials: (input: unknown) => ClusterEndpoint;
  /** Anything in it that could run a program or read a file is refused. */
  readonly parseKubeconfig: (text: string) => Promise<ClusterEndpoint>;
}

/** The columns of a cluster that say how it is reached. */
export type StoredConnection = Pick<ClusterRecord, 'server' | 'caPem' | 'tlsServerName' | 'storedCredentials'>;

/** Whose connection it is: secrets are sealed for this row, and references are the project's. */
type Owner = Pick<ClusterRecord, 'id' | 'projectId'>;

/** Turns what a person sends into what is stored: checked whole, secrets sealed. */
export class ClusterConnections {
  constructor(
    private readonly readers: ClusterReaders,
    private readonly access: ClusterAccessFactory,
    private readonly endpoints: EndpointPolicy,
  ) {}

  /** @throws InvalidInput with everything in `checks` and everything wrong here. */
  async read(checks: Checks, owner: Owner, input: ClusterConnection): Promise<StoredConnection> {
    if ('kubeconfig' in input) {
      checks.text('kubeconfig', input.kubeconfig, largestKubeconfigBytes);
      checks.done();
      const endpoint = await collected(
        checks,
        (field) => (field === '' ? 'kubeconfig' : `kubeconfig.${field}`),
        () => this.readers.parseKubeconfig(input.kubeconfig),
      );
      return this.#stored(checks, 'kubeconfig', owner, endpoint, null);
    }
    return this.#direct(checks, owner, input);
  }

  async #direct(
    checks: Checks,
    owner: Owner,
    { server, caData, caPem, tlsServerName, credentials }: Exclude<ClusterConnection, { kubeconfig: string }>,
  ): Promise<StoredConnection> {
    const reference = 'reference' in credentials ? credentials.reference : null;
    if (reference !== null) {
      checks.line('credentials.reference', reference, 512);
      checks.add(this.access.references.check('credentials.reference', reference));
      checks.done();
    }
    const secret =
      reference === null ? credentials : secretOf(await this.access.references.read(owner.projectId, reference));
    const given = { ...definedOf({ server, caData, caPem }), ...(tlsServerName ? { tlsServerName } : {}), ...secret };
    const endpoint = await collected(checks, fieldOf, () => this.readers.parseClusterCredentials(given));
    return this.#stored(checks, 'server', owner, endpoint, reference);
  }

  #stored(
    checks: Checks,
    field: string,
    owner: Owner,
    endpoint: ClusterEndpoint,
    reference: string | null,
  ): StoredConnection {
    checks.add(this.endpoints.clusterServer(field, endpoint.server));
    checks.done();
    const storedCredentials: StoredClusterCredentials =
      reference === null ? this.access.seal(owner.id, endpoint.auth) : { kind: 'reference', reference };
    return {
      server: endpoint.server,
      caPem: endpoint.caPem,
      tlsServerName: endpoint.tlsServerName ?? null,
      storedCredentials,
    };
  }
}

function fieldOf(field: string): string {
  if (['token', 'clientCertificate', 'clientKey'].includes(field)) return `credentials.${field}`;
  return field === '' ? 'credentials' : field;
}

/** Runs a reader; its issues join those already found. */
async function collected<T>(checks: Checks, rename: (field: string) => string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    error.issues.forEach((issue: FieldIssue) => checks.fail(rename(issue.field), issue.message));
    checks.done();
    throw error;
  }
}

function definedOf<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;
}
