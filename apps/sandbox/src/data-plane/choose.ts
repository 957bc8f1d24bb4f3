import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Receiver, TargetGroupRouting } from './routing.js';

export interface WeightedGroup {
  readonly arn: string;
  readonly weight: number;
}

/** The target groups of a forward action; a lone one gets everything whatever its weight says. */
export function weightedGroups(action: Action): WeightedGroup[] {
  const listed =
    action.ForwardConfig?.TargetGroups ??
    (action.TargetGroupArn === undefined ? [] : [{ TargetGroupArn: action.TargetGroupArn }]);
  return listed.map((tuple) => ({
    arn: tuple.TargetGroupArn ?? '',
    weight: listed.length === 1 ? 1 : (tuple.Weight ?? 1),
  }));
}

/**
 * Picks a target group by weight. The health of groups plays no part: a load balancer doesn't fail over between them.
 * @param random in [0, 1)
 */
export function chooseGroup(groups: readonly WeightedGroup[], random: number): string | undefined {
  const total = groups.reduce((sum, group) => sum + group.weight, 0);
  let rest = random * total;
  for (const group of groups) {
    if (rest < group.weight) return group.arn;
    rest -= group.weight;
  }
  return undefined;
}

/** Takes the receivers of each target group in turn. */
export class RoundRobin {
  private readonly turns = new Map<string, number>();

  next(group: TargetGroupRouting): Receiver | undefined {
    if (group.receivers.length === 0) return undefined;
    const turn = (this.turns.get(group.arn) ?? 0) % group.receivers.length;
    this.turns.set(group.arn, turn + 1);
    return group.receivers[turn];
  }
}
