import type { Listener } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ExternalFailure, type ActionRead, type RouteRead } from '@sluice/control';
import type { Ownership } from '@sluice/domain';
import { parseRouteArn, type RouteArn } from '../arns.js';
import type { AwsCall } from '../clients/aws-call.js';
import { attempt, type Outcome } from '../clients/batches.js';
import { unreadableReply } from '../clients/paging.js';
import { actionsOfListeners, listenerOf, readListeners, readRules } from './action-reader.js';
import { readOwnership } from './ownership-reader.js';
import type { Seen } from './seen.js';

/** Whole routes: rules by ARN, the listeners above them, then the tags that tell their owners. Every ARN has an outcome. */
export async function readRoutes(call: AwsCall, arns: readonly string[]): Promise<Map<string, Outcome<RouteRead>>> {
  const parsed = new Map([...new Set(arns)].map((arn) => [arn, attempt(() => parseRouteArn(arn))]));
  const wellFormed = [...parsed.values()].filter((arn): arn is RouteArn => !(arn instanceof ExternalFailure));
  const ruleArns = wellFormed.filter(({ kind }) => kind === 'rule').map(({ arn }) => arn);
  const [rules, listeners] = await Promise.all([
    readRules(call, ruleArns),
    readListeners(call, [...new Set(wellFormed.map(listenerOf))]),
  ]);
  const defaults = actionsOfListeners(listeners);
  const actions = new Map(
    [...parsed].map(([arn, one]): [string, Outcome<Located>] => [
      arn,
      one instanceof ExternalFailure ? one : located(rules.get(arn) ?? defaults.get(arn), listeners, one),
    ]),
  );
  const standing = [...actions.values()].flatMap((one) => (one instanceof ExternalFailure ? [] : [one]));
  const owners = await readOwnership(call, standing);
  return new Map([...actions].map(([arn, one]) => [arn, withOwner(one, owners.get(arn))]));
}

type Located = ActionRead & { readonly protocol: string; readonly port: number };

/** A route with the protocol and port of its listener. */
function located(
  read: Outcome<ActionRead> | undefined,
  listeners: ReadonlyMap<string, Outcome<Seen<Listener>>>,
  arn: RouteArn,
): Outcome<Located> {
  const listener = listeners.get(listenerOf(arn)) ?? unreadableReply('DescribeListeners', arn.arn, 'such listener');
  if (read === undefined || read instanceof ExternalFailure)
    return read ?? unreadableReply('DescribeRules', arn.arn, 'such route');
  if (listener instanceof ExternalFailure) return listener;
  return { ...read, protocol: listener.of.Protocol ?? '', port: listener.of.Port ?? 0 };
}

function withOwner(route: Outcome<Located>, owner: Outcome<Ownership> | undefined): Outcome<RouteRead> {
  if (route instanceof ExternalFailure) return route;
  if (owner === undefined || owner instanceof ExternalFailure)
    return owner ?? unreadableReply('DescribeTags', route.routeArn, 'tags of it');
  return { ...route, ownership: owner };
}
