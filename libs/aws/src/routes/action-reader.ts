import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  type Action,
  type Listener,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { arnsPerRequest, ExternalFailure, type ActionRead, type ActionsRequest } from '@sluice/control';
import type { ForwardAction } from '@sluice/domain';
import { parseRouteArn, type RouteArn } from '../arns.js';
import type { AwsCall } from '../clients/aws-call.js';
import { lookUp, attempt, type Outcome } from '../clients/batches.js';
import { everyPage, pageSize, unreadableReply } from '../clients/paging.js';
import { overhear } from '../clients/replies.js';
import { refusal } from '../failures/refusal.js';
import { documentOf } from './actions-document.js';
import { canonicalForward } from './forward-action.js';
import { seenListeners, seenRules, type Seen } from './seen.js';

/**
 * The actions of many routes by one kind of Describe call.
 * @throws ExternalFailure for `rulesOf`; terminal `TooManyArns`
 */
export async function readActions(call: AwsCall, request: ActionsRequest): Promise<Map<string, Outcome<ActionRead>>> {
  switch (request.kind) {
    case 'listeners':
      refuseTooMany(request.listenerArns);
      return actionsOfListeners(await readListeners(call, request.listenerArns));
    case 'rules':
      refuseTooMany(request.ruleArns);
      return readRules(call, request.ruleArns);
    case 'rulesOf':
      return rulesOf(call, request.listenerArn);
  }
}

/** Rules by ARN, 20 a request. Every ARN has an outcome. */
export function readRules(call: AwsCall, arns: readonly string[]): Promise<Map<string, Outcome<ActionRead>>> {
  return byArn(arns, 'rule', async (batch) => {
    const rules = await pagesOfRules(call, batch.join(', '), { RuleArns: batch });
    return new Map(rules.map((seen) => [seen.of.RuleArn ?? '', attempt(() => ruleRead(seen))]));
  });
}

/** Listeners by ARN, 20 a request. Every ARN has an outcome. */
export function readListeners(call: AwsCall, arns: readonly string[]): Promise<Map<string, Outcome<Seen<Listener>>>> {
  return byArn(arns, 'listener', async (batch) => {
    const listeners = await everyPage('DescribeListeners', async (Marker) => {
      const command = new DescribeListenersCommand({ ListenerArns: batch, Marker });
      const text = overhear(command);
      const page = await call.read('DescribeListeners', batch.join(', '), (client, http) => client.send(command, http));
      return { items: seenListeners(page.Listeners, text()), next: page.NextMarker };
    });
    return new Map(listeners.map((seen) => [seen.of.ListenerArn ?? '', seen]));
  });
}

/** The default actions of listeners that were read. */
export function actionsOfListeners(
  listeners: ReadonlyMap<string, Outcome<Seen<Listener>>>,
): Map<string, Outcome<ActionRead>> {
  return new Map(
    [...listeners].map(([arn, one]) => [
      arn,
      one instanceof ExternalFailure ? one : attempt(() => listenerRead(arn, one)),
    ]),
  );
}

/** All rules of one listener; its default rule stands under the listener's own ARN. */
async function rulesOf(call: AwsCall, listenerArn: string): Promise<Map<string, Outcome<ActionRead>>> {
  const listener = parseRouteArn(listenerArn);
  if (listener.kind !== 'listener') throw notA('listener', listenerArn);
  const rules = await pagesOfRules(call, listenerArn, { ListenerArn: listenerArn, PageSize: pageSize });
  return new Map(
    rules.map((seen): [string, Outcome<ActionRead>] =>
      seen.of.IsDefault === true
        ? [listenerArn, attempt(() => actionRead(listener, seen.of.Actions, seen.unknown))]
        : [seen.of.RuleArn ?? '', attempt(() => ruleRead(seen))],
    ),
  );
}

function pagesOfRules(
  call: AwsCall,
  subject: string,
  which: { RuleArns: string[] } | { ListenerArn: string; PageSize: number },
): Promise<Seen<Rule>[]> {
  return everyPage('DescribeRules', async (Marker) => {
    const command = new DescribeRulesCommand({ ...which, Marker });
    const text = overhear(command);
    const page = await call.read('DescribeRules', subject, (client, http) => client.send(command, http));
    return { items: seenRules(page.Rules, text()), next: page.NextMarker };
  });
}

/** Malformed ARNs, and those of other things, fail without a request. */
async function byArn<Found>(
  arns: readonly string[],
  kind: RouteArn['kind'],
  fetch: (batch: string[]) => Promise<ReadonlyMap<string, Outcome<Found>>>,
): Promise<Map<string, Outcome<Found>>> {
  const parsed = new Map(arns.map((arn) => [arn, attempt(() => routeArn(arn, kind))]));
  const asked = [...parsed].flatMap(([arn, one]) => (one instanceof ExternalFailure ? [] : [arn]));
  const found = await lookUp(asked, async (batch) => {
    const some = await fetch(batch);
    const operation = kind === 'rule' ? 'DescribeRules' : 'DescribeListeners';
    return new Map(batch.map((arn) => [arn, some.get(arn) ?? unreadableReply(operation, arn, `such ${kind}`)]));
  });
  return new Map(
    [...parsed].map(([arn, one]) => [
      arn,
      one instanceof ExternalFailure ? one : (found.get(arn) ?? unreadableReply('Describe', arn, `such ${kind}`)),
    ]),
  );
}

function routeArn(arn: string, kind: RouteArn['kind']): RouteArn {
  const parsed = parseRouteArn(arn);
  if (parsed.kind !== kind) throw notA(kind, arn);
  return parsed;
}

function ruleRead({ of: rule, unknown }: Seen<Rule>): ActionRead {
  const arn = parseRouteArn(rule.RuleArn ?? '');
  if (rule.IsDefault === true) throw defaultRule(arn.arn, listenerOf(arn));
  return actionRead(arn, rule.Actions, unknown);
}

function listenerRead(arn: string, { of: { DefaultActions, Protocol, Port }, unknown }: Seen<Listener>): ActionRead {
  return {
    ...actionRead(parseRouteArn(arn), DefaultActions, unknown),
    protocol: Protocol ?? '',
    port: Port ?? 0,
  };
}

/** @throws ExternalFailure terminal `NotAForwardAction` */
export function actionRead(
  arn: RouteArn,
  actions: readonly Action[] = [],
  unknown: readonly string[] = [],
): ActionRead {
  return {
    routeArn: arn.arn,
    loadBalancerArn: arn.loadBalancerArn,
    listenerArn: listenerOf(arn),
    protocol: null,
    port: null,
    isDefault: arn.kind === 'listener',
    action: forwardOf(arn.arn, actions),
    document: documentOf(actions, unknown),
  };
}

export function listenerOf(arn: RouteArn): string {
  return arn.kind === 'rule' ? arn.listenerArn : arn.arn;
}

function forwardOf(arn: string, actions: readonly Action[]): ForwardAction {
  const forward = canonicalForward(actions);
  if (forward !== null) return forward;
  const types = actions.map((action) => action.Type).join(', ');
  throw refusal(
    'NotAForwardAction',
    `${arn} does not forward to target groups: its ${actions.length === 1 ? 'action is' : 'actions are'} ${types || 'empty'}. Make its last action "forward" first, or register the listener or rule that forwards.`,
  );
}

function defaultRule(arn: string, listenerArn: string): ExternalFailure {
  return refusal(
    'DefaultRule',
    `${arn} is the default rule of its listener, which AWS changes only through the listener. Register ${listenerArn} instead.`,
  );
}

function notA(kind: RouteArn['kind'], arn: string): ExternalFailure {
  return refusal('InvalidArn', `${arn} is not the ARN of a ${kind}. Ask for rules and listeners separately.`);
}

function refuseTooMany(arns: readonly string[]): void {
  if (arns.length <= arnsPerRequest) return;
  throw refusal(
    'TooManyArns',
    `One request reads at most ${arnsPerRequest} routes, and ${arns.length} were asked for. Split them.`,
  );
}
