import type { Action, Listener, RegionState, Rule } from './model.js';

/** The target groups that an action list forwards to, weight 0 included. */
export function targetGroupArnsOf(actions: readonly Action[]): string[] {
  return actions.flatMap((action) =>
    action.Type === 'forward' ? action.ForwardConfig.TargetGroups.map((tuple) => tuple.TargetGroupArn) : [],
  );
}

export function rulesOf(region: RegionState, listenerArn: string): Rule[] {
  return Object.values(region.rules).filter((rule) => rule.listenerArn === listenerArn);
}

export function listenersOf(region: RegionState, loadBalancerArn: string): Listener[] {
  return Object.values(region.listeners).filter((listener) => listener.loadBalancerArn === loadBalancerArn);
}

/** Every action list of a load balancer: the default one of each listener, and each rule's. `except` leaves one out. */
export function actionListsOf(region: RegionState, loadBalancerArn: string, except?: string): Action[][] {
  return listenersOf(region, loadBalancerArn).flatMap((listener) => [
    ...(listener.arn === except ? [] : [listener.actions]),
    ...rulesOf(region, listener.arn)
      .filter((rule) => rule.arn !== except)
      .map((rule) => rule.actions),
  ]);
}

/** Which load balancers use each target group, by its ARN. One walk over everything, for lists and for the health checks. */
export function attachments(region: RegionState): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (actions: readonly Action[], loadBalancerArn: string): void => {
    for (const arn of targetGroupArnsOf(actions)) found.set(arn, (found.get(arn) ?? new Set()).add(loadBalancerArn));
  };
  for (const listener of Object.values(region.listeners)) add(listener.actions, listener.loadBalancerArn);
  for (const rule of Object.values(region.rules)) {
    const listener = region.listeners[rule.listenerArn];
    if (listener !== undefined) add(rule.actions, listener.loadBalancerArn);
  }
  return found;
}
