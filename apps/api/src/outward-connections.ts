import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ElbV2LoadBalancer } from '@sluice/aws';
import { ClusterAgent, GatewayStore, LoadBalancer } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import { PostgresGatewayStore } from '@sluice/postgres';

/** Closes the connections to AWS, to clusters and for leases at the very end, when jobs, gateways and requests no longer use them. */
@Injectable()
export class OutwardConnections implements OnApplicationShutdown {
  constructor(
    @Inject(LoadBalancer) private readonly loadBalancer: LoadBalancer,
    @Inject(ClusterAgent) private readonly clusterAgent: ClusterAgent,
    @Inject(GatewayStore) private readonly gateways: GatewayStore,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.loadBalancer instanceof ElbV2LoadBalancer) this.loadBalancer.close();
    if (this.clusterAgent instanceof DirectClusterAgent) await this.clusterAgent.close();
    if (this.gateways instanceof PostgresGatewayStore) await this.gateways.close();
  }
}
