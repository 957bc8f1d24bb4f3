import { findListener, findLoadBalancer, findRule, newId } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { actionsView, readActions } from './actions.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import { readConditions, readTransforms } from './conditions.js';
import type { Action, Listener, RegionState, Rule } from './model.js';
import { page } from './paging.js';
import type { Params } from './params.js';
import { listenersOf, rulesOf } from './relations.js';
import { readTags } from './tags.js';

const maxPerLoadBalancer = 100;
const maxPriority = 50_000;

function createRule(call: Call): object {
  const { params, region } = call;
  const listener = findListener(region, params.required('ListenerArn'));
  if (findLoadBalancer(region, listener.loadBalancerArn).type === 'network') {
    throw new AwsError('UnsupportedProtocol', 'Rules can be created for listeners of application load balancers only');
  }
  params.required('Priority');
  const priority = params.integer('Priority', 1, maxPriority) ?? 1;
  const conditionList = params.structs('Conditions');
  const actionList = params.structs('Actions');
  if (conditionList === undefined) throw validationError('A condition must be specified');
  if (actionList === undefined) throw validationError('An action must be specified');
  const conditions = readConditions(conditionList);
  const actions = readRuleActions(actionList, region, listener, undefined);
  const transforms = readTransforms(params.structs('Transforms') ?? []);
  const tags = readTags(params);
  if (rulesOf(region, listener.arn).some((rule) => rule.priority === priority))
    throw new AwsError('PriorityInUse', `Priority '${priority}' is currently in use`);
  const all = listenersOf(region, listener.loadBalancerArn).flatMap((other) => rulesOf(region, other.arn));
  if (all.length >= maxPerLoadBalancer)
    throw new AwsError(
      'TooManyRules',
      `A load balancer may have at most ${maxPerLoadBalancer} rules besides the default ones`,
    );
  const arn = `${listener.defaultRuleArn.slice(0, listener.defaultRuleArn.lastIndexOf('/'))}/${newId()}`;
  const created: Rule = {
    sequence: region.sequence++,
    arn,
    listenerArn: listener.arn,
    priority,
    conditions,
    actions,
    transforms,
  };
  region.rules[arn] = created;
  region.tags[arn] = tags;
  return { Rules: [view(created)] };
}

function readRuleActions(
  list: readonly Params[],
  region: RegionState,
  listener: Listener,
  rule: Rule | undefined,
): Action[] {
  const loadBalancer = findLoadBalancer(region, listener.loadBalancerArn);
  return readActions(list, {
    region,
    loadBalancer,
    protocol: listener.protocol,
    port: listener.port,
    replacesArn: rule?.arn,
    existing: rule?.actions ?? [],
  });
}

function describeRules({ params, region }: Call): object {
  const arns = params.strings('RuleArns');
  const listenerArn = params.string('ListenerArn');
  if ((arns === undefined) === (listenerArn === undefined))
    throw validationError('You must specify either listener rule ARNs or a listener ARN');
  const chosen =
    arns === undefined
      ? rulesWithDefault(region, findListener(region, listenerArn ?? ''))
      : arns.map((arn) => asShown(findRule(region, arn)));
  const { shown, NextMarker } = page(
    chosen,
    (item) => (listenerArn === undefined ? chosen.indexOf(item) : item.position),
    params,
  );
  return { Rules: shown.map((item) => item.view), NextMarker };
}

interface ShownRule {
  readonly position: number;
  readonly view: object;
}

function rulesWithDefault(region: RegionState, listener: Listener): ShownRule[] {
  return [...rulesOf(region, listener.arn).map((rule) => asShown({ rule })), asShown({ defaultOf: listener })];
}

function asShown(found: { rule: Rule } | { defaultOf: Listener }): ShownRule {
  if ('rule' in found) return { position: found.rule.priority, view: view(found.rule) };
  return {
    position: maxPriority + 1,
    view: {
      RuleArn: found.defaultOf.defaultRuleArn,
      Priority: 'default',
      Conditions: [],
      Actions: actionsView(found.defaultOf.actions),
      IsDefault: true,
    },
  };
}

function view(rule: Rule): object {
  return {
    RuleArn: rule.arn,
    Priority: String(rule.priority),
    Conditions: rule.conditions,
    Actions: actionsView(rule.actions),
    IsDefault: false,
    Transforms: rule.transforms.length === 0 ? undefined : rule.transforms,
  };
}

function modifyRule({ params, region }: Call): object {
  const found = findRule(region, params.required('RuleArn'));
  if ('defaultOf' in found)
    throw new AwsError(
      'OperationNotPermitted',
      `Default rule '${found.defaultOf.defaultRuleArn}' cannot be modified; modify the listener's default actions instead`,
    );
  const { rule } = found;
  const conditionList = params.structs('Conditions');
  const actionList = params.structs('Actions');
  const transformList = params.structs('Transforms');
  const resetTransforms = params.boolean('ResetTransforms') ?? false;
  if (conditionList === undefined && actionList === undefined && transformList === undefined && !resetTransforms) {
    throw validationError('At least one of conditions, actions and transforms must be specified');
  }
  if (transformList !== undefined && resetTransforms)
    throw validationError("'Transforms' and 'ResetTransforms' may not both be specified");
  const conditions = conditionList === undefined ? rule.conditions : readConditions(conditionList);
  const actions =
    actionList === undefined
      ? rule.actions
      : readRuleActions(actionList, region, findListener(region, rule.listenerArn), rule);
  const transforms = resetTransforms
    ? []
    : transformList === undefined
      ? rule.transforms
      : readTransforms(transformList);
  Object.assign(rule, { conditions, actions, transforms });
  return { Rules: [view(rule)] };
}

function deleteRule({ params, region }: Call): object {
  const found = findRule(region, params.required('RuleArn'));
  if ('defaultOf' in found)
    throw new AwsError('OperationNotPermitted', `Default rule '${found.defaultOf.defaultRuleArn}' cannot be deleted`);
  delete region.rules[found.rule.arn];
  delete region.tags[found.rule.arn];
  return {};
}

/** Reorders in one go: only the order that results has to be free of conflicts, so that two rules can change places. */
function setRulePriorities({ params, region }: Call): object {
  const wanted = new Map<Rule, number>();
  for (const pair of params.structs('RulePriorities') ?? []) {
    const found = findRule(region, pair.required('RuleArn'));
    if ('defaultOf' in found)
      throw new AwsError('OperationNotPermitted', 'The priority of a default rule cannot be set');
    pair.required('Priority');
    const priority = pair.integer('Priority', 1, maxPriority) ?? 1;
    if (wanted.has(found.rule)) throw validationError(`Rule '${found.rule.arn}' is specified twice`);
    wanted.set(found.rule, priority);
  }
  if (wanted.size === 0) throw validationError("'RulePriorities' must be specified");
  for (const listenerArn of new Set([...wanted.keys()].map((rule) => rule.listenerArn))) {
    const result = rulesOf(region, listenerArn).map((rule) => wanted.get(rule) ?? rule.priority);
    const twice = result.find((priority, index) => result.indexOf(priority) !== index);
    if (twice !== undefined) throw new AwsError('PriorityInUse', `Priority '${twice}' is currently in use`);
  }
  for (const [rule, priority] of wanted) rule.priority = priority;
  return { Rules: [...wanted.keys()].map(view) };
}

export const ruleActions: Readonly<Record<string, ActionHandler>> = {
  CreateRule: modifies(createRule),
  DescribeRules: describes(describeRules),
  ModifyRule: modifies(modifyRule),
  DeleteRule: modifies(deleteRule),
  SetRulePriorities: modifies(setRulePriorities),
};
