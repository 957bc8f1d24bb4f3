import { ExternalFailure, type OwnedRoute } from '@sluice/control';
import { ownershipOf, type Ownership, type TaggedResource } from '@sluice/domain';
import type { AwsCall } from '../clients/aws-call.js';
import type { Outcome } from '../clients/batches.js';
import { unreadableReply } from '../clients/paging.js';
import { readTags } from '../tags.js';

/** Who owns each route, by the tags of its load balancer, listener and rule; every route has an outcome. */
export async function readOwnership(
  call: AwsCall,
  routes: readonly OwnedRoute[],
): Promise<Map<string, Outcome<Ownership>>> {
  const tags = await readTags(call, routes.flatMap(resourcesOf));
  return new Map(routes.map((route) => [route.routeArn, ownerOf(route, tags)]));
}

function ownerOf(route: OwnedRoute, tags: ReadonlyMap<string, Outcome<TaggedResource>>): Outcome<Ownership> {
  const resources: TaggedResource[] = [];
  for (const arn of resourcesOf(route)) {
    const resource = tags.get(arn) ?? unreadableReply('DescribeTags', arn, 'tags of it');
    if (resource instanceof ExternalFailure) return resource; // unknown tags are not "no owner"
    resources.push(resource);
  }
  return ownershipOf(resources);
}

/** What gives the owner away; tags of target groups say nothing about the route. */
function resourcesOf({ loadBalancerArn, listenerArn, routeArn }: OwnedRoute): string[] {
  return [...new Set([loadBalancerArn, listenerArn, routeArn])];
}
