import { Conflict, NotFound } from '@sluice/domain';
import type { ClusterAccess } from '../ports/cluster-agent.js';
import type { ClusterRecord, ResourceStore, StoredClusterCredentials } from '../stores/resource-store.js';
import { knownId } from './checks.js';
import type { References } from './references.js';
import type { SealedPlace, Sealer } from './sealer.js';

/** A token, or a client certificate with its key (PEM), as a person gives it. */
export type ClusterSecret =
  { readonly token: string } | { readonly clientCertificate: string; readonly clientKey: string };

/** How the direct agent reaches a cluster: unsealed or dereferenced credentials. */
export class ClusterAccessFactory {
  constructor(
    private readonly store: ResourceStore,
    private readonly sealer: Sealer,
    readonly references: References,
  ) {}

  /** NotFound when there is no such cluster; Conflict `CredentialsUnreadable` or `ReferenceUnreadable` when they can't be had. */
  async access(clusterId: string): Promise<ClusterAccess> {
    const cluster = await this.store.read.clusters.find(knownId('cluster', clusterId));
    if (!cluster) throw new NotFound('cluster', clusterId);
    return this.of(cluster);
  }

  async of(cluster: ClusterRecord): Promise<ClusterAccess> {
    const { storedCredentials } = cluster;
    const secret =
      storedCredentials.kind === 'reference'
        ? secretOf(await this.references.read(cluster.projectId, storedCredentials.reference))
        : this.#open(cluster.id, storedCredentials);
    return {
      clusterId: cluster.id,
      name: cluster.name,
      server: cluster.server,
      caPem: cluster.caPem,
      ...(cluster.tlsServerName !== null && { tlsServerName: cluster.tlsServerName }),
      auth:
        'token' in secret
          ? { kind: 'token', token: secret.token }
          : { kind: 'clientCertificate', certPem: secret.clientCertificate, keyPem: secret.clientKey },
      bindingApi: cluster.bindingApi,
    };
  }

  seal(clusterId: string, auth: ClusterAccess['auth']): StoredClusterCredentials {
    const secret =
      auth.kind === 'token' ? auth.token : JSON.stringify({ clientCertificate: auth.certPem, clientKey: auth.keyPem });
    return { kind: auth.kind, sealed: this.sealer.seal(place(clusterId), secret) };
  }

  #open(clusterId: string, stored: Extract<StoredClusterCredentials, { sealed: unknown }>): ClusterSecret {
    try {
      const secret = this.sealer.open(place(clusterId), stored.sealed);
      return stored.kind === 'token' ? { token: secret } : secretOf(secret);
    } catch (error) {
      throw new Conflict(
        'CredentialsUnreadable',
        error instanceof Error ? error.message : 'the credentials cannot be unsealed',
      );
    }
  }
}

/** The contents of a reference: JSON `{clientCertificate, clientKey}`, or a bearer token. */
export function secretOf(text: string): ClusterSecret {
  if (!text.trimStart().startsWith('{')) return { token: text.trim() };
  try {
    const { clientCertificate, clientKey } = JSON.parse(text) as Record<string, unknown>;
    if (typeof clientCertificate === 'string' && typeof clientKey === 'string') return { clientCertificate, clientKey };
  } catch {
    // the parser's message would quote the secret
  }
  throw new Conflict(
    'ReferenceUnreadable',
    'the referenced file must hold a bearer token or JSON with clientCertificate and clientKey (PEM)',
  );
}

function place(clusterId: string): SealedPlace {
  return { table: 'clusters', row: clusterId, column: 'credentials' };
}
