import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ElbV2LoadBalancer } from '@sluice/aws';
import { ClusterAgent, LoadBalancer } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';

/** Closes the connections to AWS and to clusters at the very end, when jobs, lanes and requests no longer use them. */
@Injectable()
export class OutwardConnections implements OnApplicationShutdown {
  constructor(
    @Inject(LoadBalancer) private readonly loadBalancer: LoadBalancer,
    @Inject(ClusterAgent) private readonly clusterAgent: ClusterAgent,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.loadBalancer instanceof ElbV2LoadBalancer) this.loadBalancer.close();
    if (this.clusterAgent instanceof DirectClusterAgent) await this.clusterAgent.close();
  }
}
