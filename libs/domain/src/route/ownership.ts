import { isOurs } from './our-tags.js';
import { ownerTags, type OwnerTags } from './owner-tags.js';
import type { Ownership, TaggedResource } from './types.js';

/** From the outside in; the last one present is what we would write to. */
const outsideIn: readonly TaggedResource['kind'][] = ['loadBalancer', 'listener', 'rule'];

/**
 * Who owns a route, by the tags of its load balancer, listener and rule (rule 9). A reconciler anywhere among them
 * owns it, because not every reconciler tags its rules (aws-and-lbc §2.1). An apply-time tool doesn't own a listener
 * or rule that we created ourselves. Tags of target groups say nothing about the route: see `targetGroupOwnership`.
 */
export function ownershipOf(resources: readonly TaggedResource[]): Ownership {
  const route = outsideIn.flatMap((kind) => resources.filter((one) => one.kind === kind));
  const continuous = found(route, 'continuous');
  if (continuous) return continuous;
  const written = route.at(-1);
  if (written && isOurs(written.tags)) return { kind: 'sluice' };
  return found(route, 'applyTime') ?? { kind: 'unowned' };
}

/**
 * Who owns one target group. `eks:eks-cluster-name` alone is no owner: it only lets an Auto Mode cluster register
 * targets (aws-and-lbc §2.1).
 */
export function targetGroupOwnership(targetGroup: TaggedResource): Ownership {
  const continuous = found([targetGroup], 'continuous');
  if (continuous) return continuous;
  if (isOurs(targetGroup.tags)) return { kind: 'sluice' };
  return found([targetGroup], 'applyTime') ?? { kind: 'unowned' };
}

function found(resources: readonly TaggedResource[], kind: OwnerTags['kind']): Ownership | null {
  for (const signs of ownerTags.filter((one) => one.kind === kind)) {
    for (const resource of resources) {
      const tag = Object.entries(resource.tags).find(([key, value]) => signs.matches(key, value));
      if (!tag) continue;
      const evidence = `tag ${tag[0]}=${tag[1]} on ${resource.kind} ${resource.arn}`;
      return { kind, owner: signs.owner, evidence, advice: signs.advice };
    }
  }
  return null;
}
