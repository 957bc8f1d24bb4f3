import { findTargetGroup } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import type {
  Action,
  ForwardConfig,
  LoadBalancer,
  RegionState,
  Stickiness,
  TargetGroup,
  TargetGroupTuple,
} from './model.js';
import type { Params } from './params.js';
import { actionListsOf, attachments, targetGroupArnsOf } from './relations.js';

/** Where an action list is to stand; what it may hold depends on it. */
export interface ActionPlace {
  readonly region: RegionState;
  readonly loadBalancer: LoadBalancer;
  readonly protocol: string;
  readonly port: number;
  /** The listener or rule whose list is replaced, if it is there already. */
  readonly replacesArn?: string;
  readonly existing: readonly Action[];
}

const maxTargetGroupsPerAction = 5;
const maxTargetGroupsPerLoadBalancer = 100;
const maxTargetsPerLoadBalancer = 1000;

/**
 * Reads a forward action in either of its two forms, or both when they agree.
 * Weights are integers 0–999, one that is absent is 1, and their sum is above 0 (a lone target group of a network load balancer may have 0: AWS itself shows it so).
 * @throws AwsError TargetGroupNotFound, TargetGroupAssociationLimit, IncompatibleProtocols, TooManyTargetGroups, ValidationError …
 */
export function readForward(item: Params, place: ActionPlace): ForwardConfig {
  const single = item.string('TargetGroupArn');
  const config = item.struct('ForwardConfig');
  const listed = config?.structs('TargetGroups');
  if (single === undefined && listed === undefined)
    throw validationError(
      `'${item.at('TargetGroupArn')}' or '${item.at('ForwardConfig')}' must be specified for an action of type 'forward'`,
    );
  const TargetGroups = listed === undefined ? [{ TargetGroupArn: single ?? '', Weight: 1 }] : listed.map(readTuple);
  if (single !== undefined && (TargetGroups.length !== 1 || TargetGroups[0]?.TargetGroupArn !== single)) {
    throw validationError(
      `'${item.at('TargetGroupArn')}' and '${item.at('ForwardConfig')}' must name the same single target group if both are specified`,
    );
  }
  checkTuples(TargetGroups, place, item.at('ForwardConfig'));
  const groups = TargetGroups.map((tuple) => findTargetGroup(place.region, tuple.TargetGroupArn));
  checkGroups(groups, place);
  checkLimits(groups, place);
  const TargetGroupStickinessConfig = readStickiness(config?.struct('TargetGroupStickinessConfig'), place);
  checkTargetStickiness(groups, TargetGroupStickinessConfig, place);
  return { TargetGroups, TargetGroupStickinessConfig };
}

function readTuple(tuple: Params): TargetGroupTuple {
  return { TargetGroupArn: tuple.required('TargetGroupArn'), Weight: tuple.integer('Weight', 0, 999) ?? 1 };
}

function checkTuples(tuples: readonly TargetGroupTuple[], place: ActionPlace, at: string): void {
  if (tuples.length > maxTargetGroupsPerAction) {
    throw new AwsError(
      'TooManyTargetGroups',
      `A forward action may have at most ${maxTargetGroupsPerAction} target groups, and '${at}' has ${tuples.length}`,
    );
  }
  if (new Set(tuples.map((tuple) => tuple.TargetGroupArn)).size !== tuples.length)
    throw validationError(`A target group is specified twice in '${at}'`);
  const loneOfNetwork = place.loadBalancer.type === 'network' && tuples.length === 1;
  if (!loneOfNetwork && tuples.every((tuple) => tuple.Weight === 0))
    throw validationError(`At least one target group in '${at}' must have a weight above 0`);
}

const compatible: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTP', 'HTTPS'],
  HTTPS: ['HTTP', 'HTTPS'],
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TLS', 'TCP'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
};

function checkGroups(groups: readonly TargetGroup[], place: ActionPlace): void {
  const attached = attachments(place.region);
  for (const group of groups) {
    if (!compatible[place.protocol]?.includes(group.protocol)) {
      throw new AwsError(
        'IncompatibleProtocols',
        `The protocol ${group.protocol} of target group '${group.arn}' is not compatible with the protocol ${place.protocol} of the listener`,
      );
    }
    const elsewhere = [...(attached.get(group.arn) ?? [])].some((arn) => arn !== place.loadBalancer.arn);
    if (elsewhere) {
      throw new AwsError(
        'TargetGroupAssociationLimit',
        `The following target groups cannot be associated with more than one load balancer: ${group.arn}`,
      );
    }
  }
  const network = place.loadBalancer.type === 'network';
  if (network && new Set(groups.map((group) => `${group.protocol} ${group.ipAddressType}`)).size > 1) {
    throw new AwsError(
      'IncompatibleProtocols',
      'All target groups of an action of a network load balancer must have the same protocol and IP address type',
    );
  }
}

function checkLimits(groups: readonly TargetGroup[], place: ActionPlace): void {
  const others = actionListsOf(place.region, place.loadBalancer.arn, place.replacesArn).flatMap(targetGroupArnsOf);
  const all = new Set([...others, ...groups.map((group) => group.arn)]);
  if (all.size > maxTargetGroupsPerLoadBalancer) {
    throw new AwsError(
      'TooManyUniqueTargetGroupsPerLoadBalancer',
      `A load balancer may have at most ${maxTargetGroupsPerLoadBalancer} target groups`,
    );
  }
  const targets = [...all].reduce((sum, arn) => sum + Object.keys(place.region.targets[arn] ?? {}).length, 0);
  if (targets > maxTargetsPerLoadBalancer)
    throw new AwsError('TooManyTargets', `A load balancer may have at most ${maxTargetsPerLoadBalancer} targets`);
}

function readStickiness(item: Params | undefined, place: ActionPlace): Stickiness {
  const Enabled = item?.boolean('Enabled') ?? false;
  const DurationSeconds = item?.integer('DurationSeconds', 1, 604_800);
  if (Enabled && DurationSeconds === undefined && place.loadBalancer.type === 'application') {
    throw validationError(
      `'${item?.at('DurationSeconds') ?? 'DurationSeconds'}' must be specified when target group stickiness is enabled`,
    );
  }
  if (Enabled && place.protocol === 'TLS')
    throw validationError('Target group stickiness is not supported by TLS listeners');
  return { Enabled, DurationSeconds };
}

function checkTargetStickiness(groups: readonly TargetGroup[], stickiness: Stickiness, place: ActionPlace): void {
  if (groups.length < 2 || stickiness.Enabled) return;
  const sticky = groups.find((group) => place.region.attributes[group.arn]?.['stickiness.enabled'] === 'true');
  if (sticky !== undefined) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      `Target group '${sticky.arn}' has stickiness enabled: target group stickiness must be enabled in the forward action too`,
    );
  }
}
