import type { LiveRoute } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';

/** The route as AWS has it now; null = AWS answered that its listener or rule is gone (never said of an outage). */
export async function readIfThere(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  arn: string,
): Promise<LiveRoute | null> {
  try {
    return await loadBalancer.readRoute(access, arn);
  } catch (error) {
    if (
      error instanceof ExternalFailure &&
      error.kind === 'terminal' &&
      /^(Listener|Rule|LoadBalancer)NotFound(Exception)?$/.test(error.code)
    )
      return null;
    throw error;
  }
}
