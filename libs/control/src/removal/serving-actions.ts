import { shareOf, type Weights } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type {
  ActionRead,
  ActionsRequest,
  AwsAccess,
  CallOptions,
  ExternalFailureLike,
  LoadBalancer,
} from '../ports/load-balancer.js';
import { arnsPerRequest } from '../ports/load-balancer.js';

/** A forward action that names a target group. `routeArn`: its listener's for a default action, else its rule's. */
export interface NamingAction {
  readonly routeArn: string;
  readonly listenerArn: string;
  readonly loadBalancerArn: string;
  readonly weights: Weights;
  /** Tenths of a percent of the action's requests; above 0 = it sends requests there. */
  readonly share: number;
  /** How long a cookie of the action brings clients back; 0 = it has none. */
  readonly stickinessMs: number;
}

/** More listeners than AWS allows on one load balancer by default: nobody is kept waiting for an endless list. */
const maxListeners = 200;

/**
 * Every forward action that names this target group, of every load balancer it stands in, registered here or not; read now.
 * One request for the target group, then per load balancer one for its listeners and one per listener for its rules.
 * None where AWS says that the target group is gone. What vanishes while it is read sends nothing.
 * @throws ExternalFailure as a read failed: an outage is never taken for "nobody"; terminal `TooManyListeners`
 */
export async function servingActions(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  targetGroupArn: string,
  options: CallOptions = {},
): Promise<readonly NamingAction[]> {
  const group = await unlessGone(loadBalancer.describeTargetGroup(access, targetGroupArn, options));
  const found: NamingAction[] = [];
  for (const loadBalancerArn of group?.loadBalancerArns ?? [])
    for await (const action of actionsOf(loadBalancer, access, loadBalancerArn, options)) {
      const naming = namingOf(action, targetGroupArn);
      if (naming) found.push(naming);
    }
  return found;
}

/** Every forward action of one load balancer: its listeners' default actions and their rules. */
export async function* actionsOf(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  loadBalancerArn: string,
  options: CallOptions = {},
): AsyncGenerator<ActionRead> {
  const listeners = (await unlessGone(loadBalancer.partsOf(access, loadBalancerArn, options))) ?? [];
  if (listeners.length > maxListeners)
    throw new ExternalFailure({
      system: 'aws',
      kind: 'terminal',
      code: 'TooManyListeners',
      message: `${loadBalancerArn} has ${listeners.length} listeners; at most ${maxListeners} are read.`,
    });
  for (const request of requestsFor(loadBalancerArn, listeners)) {
    const read =
      (await unlessGone(loadBalancer.readActions(access, request, options))) ?? new Map<string, ActionRead>();
    for (const one of read.values()) {
      const action = forwarding(one);
      if (action) yield action;
    }
  }
}

/** Only Application Load Balancers have rules. */
function requestsFor(loadBalancerArn: string, listenerArns: readonly string[]): ActionsRequest[] {
  if (loadBalancerArn.includes(':loadbalancer/app/'))
    return listenerArns.map((listenerArn) => ({ kind: 'rulesOf', listenerArn }));
  const batches: ActionsRequest[] = [];
  for (let from = 0; from < listenerArns.length; from += arnsPerRequest)
    batches.push({ kind: 'listeners', listenerArns: listenerArns.slice(from, from + arnsPerRequest) });
  return batches;
}

function forwarding(one: ActionRead | ExternalFailureLike): ActionRead | null {
  if (!('failure' in one)) return one;
  if (one.failure.code === 'NotAForwardAction' || isGone(one.failure)) return null;
  throw one.failure;
}

function namingOf(
  { routeArn, listenerArn, loadBalancerArn, action }: ActionRead,
  targetGroupArn: string,
): NamingAction | null {
  const { weights, stickiness } = action;
  if (!weights.some((one) => one.targetGroupArn === targetGroupArn)) return null;
  return {
    routeArn,
    listenerArn,
    loadBalancerArn,
    weights,
    share: shareOf(weights, targetGroupArn),
    stickinessMs: stickiness?.enabled ? stickiness.durationSeconds * 1000 : 0,
  };
}

async function unlessGone<Read>(read: Promise<Read>): Promise<Read | null> {
  try {
    return await read;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** AWS itself says that it isn't there. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof ExternalFailure &&
    error.kind === 'terminal' &&
    /^(LoadBalancer|TargetGroup|Listener|Rule)NotFound(Exception)?$/.test(error.code)
  );
}
