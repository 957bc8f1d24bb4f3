import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  type Action,
  type Listener,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ExternalFailure } from '@sluice/control';
import { ownershipOf, type ForwardAction, type LiveRoute, type TaggedResource } from '@sluice/domain';
import { parseRouteArn, type RouteArn } from '../arns.js';
import type { AwsCall } from '../clients/aws-call.js';
import { lookUp, type Outcome } from '../clients/batches.js';
import { everyPage, unreadableReply } from '../clients/paging.js';
import { readTags } from '../tags.js';
import { canonicalForward } from './forward-action.js';
import type { RawActions } from './raw-actions.js';

/** A route before its owner is known. */
interface Found {
  readonly route: Omit<LiveRoute, 'ownership'>;
  readonly actions: readonly Action[];
}

/** Reads routes in groups: rules by ARN, the listeners above them, then the tags that tell their owners. */
export class RouteReader {
  constructor(private readonly raw: RawActions) {}

  /** Every ARN asked for has an outcome. */
  async read(call: AwsCall, routeArns: readonly string[]): Promise<Map<string, Outcome<LiveRoute>>> {
    const arns = new Map([...new Set(routeArns)].map((arn) => [arn, attempt(() => parseRouteArn(arn))]));
    const wellFormed = [...arns.values()].filter((arn): arn is RouteArn => !(arn instanceof ExternalFailure));
    const [rules, listeners] = await Promise.all([
      readRules(
        call,
        wellFormed.filter(({ kind }) => kind === 'rule').map(({ arn }) => arn),
      ),
      readListeners(call, wellFormed.map(listenerOf)),
    ]);

    const found = new Map(
      [...arns].map(([arn, parsed]) => [
        arn,
        parsed instanceof ExternalFailure ? parsed : find(parsed, rules, listeners),
      ]),
    );
    const standing = [...found.values()].flatMap((one) =>
      one instanceof ExternalFailure ? [] : resourcesOf(one.route),
    );
    const tags = await readTags(call, standing);
    return new Map(
      [...found].map(([arn, one]) => [arn, one instanceof ExternalFailure ? one : this.withOwner(one, tags)]),
    );
  }

  private withOwner({ route, actions }: Found, tags: ReadonlyMap<string, Outcome<TaggedResource>>): Outcome<LiveRoute> {
    const resources: TaggedResource[] = [];
    for (const arn of resourcesOf(route)) {
      const resource = tags.get(arn) ?? unreadableReply('DescribeTags', arn, 'tags of it');
      if (resource instanceof ExternalFailure) return resource; // unknown tags are not "no owner"
      resources.push(resource);
    }
    return this.raw.remember({ ...route, ownership: ownershipOf(resources) }, actions);
  }
}

/**
 * The forward action of a list.
 * @throws ExternalFailure terminal `NotAForwardAction`
 */
function forwardOf(routeArn: string, actions: readonly Action[]): ForwardAction {
  const forward = canonicalForward(actions);
  if (forward !== null) return forward;
  const types = actions.map((action) => action.Type).join(', ');
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'NotAForwardAction',
    message: `${routeArn} does not forward to target groups: its ${actions.length === 1 ? 'action is' : 'actions are'} ${types || 'empty'}. Make its last action "forward" first, or register the listener or rule that forwards.`,
  });
}

function readRules(call: AwsCall, arns: readonly string[]): Promise<Map<string, Outcome<Rule>>> {
  return lookUp(arns, async (batch) => {
    const rules = await everyPage('DescribeRules', async (Marker) => {
      const page = await call.read('DescribeRules', batch.join(', '), (client, http) =>
        client.send(new DescribeRulesCommand({ RuleArns: batch, Marker }), http),
      );
      return { items: page.Rules ?? [], next: page.NextMarker };
    });
    const byArn = new Map(rules.map((rule) => [rule.RuleArn, rule]));
    return new Map(batch.map((arn) => [arn, byArn.get(arn) ?? unreadableReply('DescribeRules', arn, 'such rule')]));
  });
}

function readListeners(call: AwsCall, arns: readonly string[]): Promise<Map<string, Outcome<Listener>>> {
  return lookUp(arns, async (batch) => {
    const listeners = await everyPage('DescribeListeners', async (Marker) => {
      const page = await call.read('DescribeListeners', batch.join(', '), (client, http) =>
        client.send(new DescribeListenersCommand({ ListenerArns: batch, Marker }), http),
      );
      return { items: page.Listeners ?? [], next: page.NextMarker };
    });
    const byArn = new Map(listeners.map((listener) => [listener.ListenerArn, listener]));
    return new Map(
      batch.map((arn) => [arn, byArn.get(arn) ?? unreadableReply('DescribeListeners', arn, 'such listener')]),
    );
  });
}

function find(
  arn: RouteArn,
  rules: ReadonlyMap<string, Outcome<Rule>>,
  listeners: ReadonlyMap<string, Outcome<Listener>>,
): Outcome<Found> {
  return attempt(() => {
    const rule = arn.kind === 'rule' ? known(rules, arn.arn, 'DescribeRules') : null;
    const listener = known(listeners, listenerOf(arn), 'DescribeListeners');
    if (rule?.IsDefault === true) throw defaultRule(arn.arn, listenerOf(arn));
    const actions = (rule === null ? listener.DefaultActions : rule.Actions) ?? [];
    const action = forwardOf(arn.arn, actions);
    const { Protocol: protocol = '', Port: port = 0 } = listener;
    const route = {
      routeArn: arn.arn,
      loadBalancerArn: arn.loadBalancerArn,
      listenerArn: listenerOf(arn),
      protocol,
      port,
      isDefault: rule === null,
      action,
    };
    return { route, actions };
  });
}

function defaultRule(arn: string, listenerArn: string): ExternalFailure {
  return new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'DefaultRule',
    message: `${arn} is the default rule of its listener, which AWS changes only through the listener. Register ${listenerArn} instead.`,
  });
}

/** What gives the owner away; tags of target groups say nothing about the route. */
function resourcesOf(route: Omit<LiveRoute, 'ownership'>): string[] {
  return [route.loadBalancerArn, route.listenerArn, ...(route.isDefault ? [] : [route.routeArn])];
}

function listenerOf(arn: RouteArn): string {
  return arn.kind === 'rule' ? arn.listenerArn : arn.arn;
}

function known<One>(outcomes: ReadonlyMap<string, Outcome<One>>, arn: string, operation: string): One {
  const outcome = outcomes.get(arn) ?? unreadableReply(operation, arn, 'such resource');
  if (outcome instanceof ExternalFailure) throw outcome;
  return outcome;
}

function attempt<One>(work: () => One): Outcome<One> {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExternalFailure) return error;
    throw error;
  }
}
