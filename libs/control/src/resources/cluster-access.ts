import type { ClusterAccess } from '../ports/cluster-agent.js';

/** How the direct agent reaches a cluster: unsealed or dereferenced credentials. NotFound when there is no such cluster. */
export class ClusterAccessFactory {
  access(_clusterId: string): Promise<ClusterAccess> { throw new Error('being written'); }
}
