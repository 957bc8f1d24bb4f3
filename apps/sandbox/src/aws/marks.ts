import { createHash } from 'node:crypto';
import type { RegionState, Rule } from './model.js';
import { attachments } from './relations.js';

/** By ARN of listener and target group: changes whenever something changes that describing it, or what hangs on it, would show. */
export type Marks = Readonly<Record<string, string>>;

export function marksOf(region: RegionState): Marks {
  const rules = new Map<string, Rule[]>();
  for (const rule of Object.values(region.rules))
    rules.set(rule.listenerArn, [...(rules.get(rule.listenerArn) ?? []), rule]);
  const users = attachments(region);
  const marks: Record<string, string> = {};
  for (const listener of Object.values(region.listeners)) {
    const { arn, loadBalancerArn } = listener;
    marks[arn] = markOf([listener, rules.get(arn), region.tags[arn], region.attributes[loadBalancerArn]]);
  }
  for (const group of Object.values(region.targetGroups)) {
    // whether targets are in use depends on who uses the group, and in which zones
    const used = [...(users.get(group.arn) ?? [])].map((arn) => [arn, region.loadBalancers[arn]?.subnetIds]);
    marks[group.arn] = markOf([group, region.targets[group.arn], region.attributes[group.arn], used]);
  }
  return marks;
}

function markOf(parts: readonly unknown[]): string {
  return createHash('sha1').update(JSON.stringify(parts)).digest('base64url');
}
