import { createHash } from 'node:crypto';
import type { ClusterAccess } from '@sluice/control';
import { Connection } from './connection.js';

/** One connection per cluster, made anew when its address, CA or credentials change. */
export class Connections {
  private readonly byCluster = new Map<string, { readonly fingerprint: string; readonly connection: Connection }>();

  to(access: ClusterAccess): Connection {
    const fingerprint = fingerprintOf(access);
    const known = this.byCluster.get(access.clusterId);
    if (known?.fingerprint === fingerprint) return known.connection;
    known?.connection.retire();
    const connection = new Connection(access);
    this.byCluster.set(access.clusterId, { fingerprint, connection });
    return connection;
  }

  async close(): Promise<void> {
    const all = [...this.byCluster.values()];
    this.byCluster.clear();
    await Promise.all(all.map(({ connection }) => connection.close()));
  }
}

function fingerprintOf(access: ClusterAccess): string {
  const identity = [access.server, access.caPem, access.tlsServerName ?? null, access.auth];
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64');
}
