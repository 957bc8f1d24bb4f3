import { findListener, findLoadBalancer, findTargetGroup } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import type { Listener, LoadBalancer, RegionState, TargetGroup } from './model.js';
import type { Params } from './params.js';
import { actionListsOf, attachments } from './relations.js';

type Check = (value: string) => boolean;
/** Each attribute with its default and what it may be set to. */
type Table = Readonly<Record<string, readonly [byDefault: string, allowed: Check]>>;

const flag: Check = (value) => value === 'true' || value === 'false';
const anything: Check = () => true;
const among =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value);
const within =
  (min: number, max: number): Check =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
const either =
  (one: Check, other: Check): Check =>
  (value) =>
    one(value) || other(value);
const off = among('off');

const loadBalancerCommon: Table = {
  'deletion_protection.enabled': ['false', flag],
  'load_balancing.cross_zone.enabled': ['true', flag],
  'access_logs.s3.enabled': ['false', flag],
  'access_logs.s3.bucket': ['', anything],
  'access_logs.s3.prefix': ['', anything],
  'zonal_shift.config.enabled': ['false', flag],
};
const applicationTable: Table = {
  ...loadBalancerCommon,
  'idle_timeout.timeout_seconds': ['60', within(1, 4000)],
  'client_keep_alive.seconds': ['3600', within(60, 604_800)],
  'connection_logs.s3.enabled': ['false', flag],
  'connection_logs.s3.bucket': ['', anything],
  'connection_logs.s3.prefix': ['', anything],
  'routing.http.desync_mitigation_mode': ['defensive', among('monitor', 'defensive', 'strictest')],
  'routing.http.drop_invalid_header_fields.enabled': ['false', flag],
  'routing.http.preserve_host_header.enabled': ['false', flag],
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': ['false', flag],
  'routing.http.xff_client_port.enabled': ['false', flag],
  'routing.http.xff_header_processing.mode': ['append', among('append', 'preserve', 'remove')],
  'routing.http2.enabled': ['true', flag],
  'waf.fail_open.enabled': ['false', flag],
};
const networkTable: Table = {
  ...loadBalancerCommon,
  'load_balancing.cross_zone.enabled': ['false', flag],
  'dns_record.client_routing_policy': [
    'any_availability_zone',
    among('availability_zone_affinity', 'partial_availability_zone_affinity', 'any_availability_zone'),
  ],
};
const targetGroupCommon: Table = {
  'deregistration_delay.timeout_seconds': ['300', within(0, 3600)],
  'stickiness.enabled': ['false', flag],
  'load_balancing.cross_zone.enabled': [
    'use_load_balancer_configuration',
    either(flag, among('use_load_balancer_configuration')),
  ],
  'target_group_health.dns_failover.minimum_healthy_targets.count': ['1', either(off, within(1, 1000))],
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': ['off', either(off, within(1, 100))],
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': ['1', within(1, 1000)],
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': [
    'off',
    either(off, within(1, 100)),
  ],
};
const httpGroupTable: Table = {
  ...targetGroupCommon,
  'stickiness.type': ['lb_cookie', among('lb_cookie', 'app_cookie')],
  'stickiness.lb_cookie.duration_seconds': ['86400', within(1, 604_800)],
  'stickiness.app_cookie.cookie_name': ['', (value) => !/^AWSALB(APP|TG)?/.test(value)],
  'stickiness.app_cookie.duration_seconds': ['86400', within(1, 604_800)],
  'slow_start.duration_seconds': ['0', either(among('0'), within(30, 900))],
  'load_balancing.algorithm.type': [
    'round_robin',
    among('round_robin', 'least_outstanding_requests', 'weighted_random'),
  ],
  'load_balancing.algorithm.anomaly_mitigation': ['off', among('on', 'off')],
};
const flowGroupTable: Table = {
  ...targetGroupCommon,
  'stickiness.type': ['source_ip', among('source_ip')],
  'deregistration_delay.connection_termination.enabled': ['false', flag],
  'preserve_client_ip.enabled': ['false', flag],
  'proxy_protocol_v2.enabled': ['false', flag],
  'target_health_state.unhealthy.connection_termination.enabled': ['true', flag],
  'target_health_state.unhealthy.draining_interval_seconds': ['0', within(0, 360_000)],
};
const listenerTable: Table = {
  'routing.http.response.server.enabled': ['true', flag],
  'routing.http.response.strict_transport_security.header_value': ['', anything],
  'routing.http.response.x_content_type_options.header_value': ['', anything],
  'routing.http.response.x_frame_options.header_value': ['', anything],
};
const flowListenerTable: Table = { 'tcp.idle_timeout.seconds': ['350', within(60, 6000)] };

const tableOf = {
  loadBalancer: (item: LoadBalancer): Table => (item.type === 'application' ? applicationTable : networkTable),
  targetGroup: (item: TargetGroup): Table => (item.protocol.startsWith('HTTP') ? httpGroupTable : flowGroupTable),
  listener: (item: Listener): Table => (item.protocol.startsWith('HTTP') ? listenerTable : flowListenerTable),
};

function view(region: RegionState, arn: string, table: Table): object {
  const set = region.attributes[arn] ?? {};
  return { Attributes: Object.entries(table).map(([Key, [byDefault]]) => ({ Key, Value: set[Key] ?? byDefault })) };
}

function readAttributes(params: Params, table: Table): Record<string, string> {
  const list = params.structs('Attributes');
  if (list === undefined) throw validationError("'Attributes' must be specified");
  return Object.fromEntries(
    list.map((item) => {
      const key = item.required('Key');
      const value = item.string('Value') ?? '';
      const entry = Object.hasOwn(table, key) ? table[key] : undefined;
      if (entry === undefined) throw validationError(`Attribute key '${key}' is not recognized`);
      if (!entry[1](value))
        throw new AwsError('InvalidConfigurationRequest', `The value '${value}' of attribute '${key}' is not valid`);
      return [key, value];
    }),
  );
}

function modify(region: RegionState, arn: string, changes: Record<string, string>, table: Table): object {
  region.attributes[arn] = { ...region.attributes[arn], ...changes };
  return view(region, arn, table);
}

function modifyTargetGroupAttributes({ params, region }: Call): object {
  const group = findTargetGroup(region, params.required('TargetGroupArn'));
  const table = tableOf.targetGroup(group);
  const changes = readAttributes(params, table);
  if (changes['stickiness.enabled'] === 'true') checkActionsAreSticky(region, group);
  const after = { ...region.attributes[group.arn], ...changes };
  if (
    (after['slow_start.duration_seconds'] ?? '0') !== '0' &&
    after['load_balancing.algorithm.type'] === 'least_outstanding_requests'
  ) {
    throw new AwsError(
      'InvalidConfigurationRequest',
      'Slow start is not supported with the least_outstanding_requests algorithm',
    );
  }
  return modify(region, group.arn, changes, table);
}

function checkActionsAreSticky(region: RegionState, group: TargetGroup): void {
  const lists = [...(attachments(region).get(group.arn) ?? [])].flatMap((arn) => actionListsOf(region, arn));
  const plain = lists
    .flat()
    .some(
      (action) =>
        action.Type === 'forward' &&
        action.ForwardConfig.TargetGroups.length > 1 &&
        action.ForwardConfig.TargetGroups.some((tuple) => tuple.TargetGroupArn === group.arn) &&
        !action.ForwardConfig.TargetGroupStickinessConfig.Enabled,
    );
  if (plain)
    throw new AwsError(
      'InvalidConfigurationRequest',
      `Target group '${group.arn}' is one of several in a forward action without target group stickiness, which must be enabled first`,
    );
}

export const attributeActions: Readonly<Record<string, ActionHandler>> = {
  DescribeLoadBalancerAttributes: describes(({ params, region }) => {
    const item = findLoadBalancer(region, params.required('LoadBalancerArn'));
    return view(region, item.arn, tableOf.loadBalancer(item));
  }),
  ModifyLoadBalancerAttributes: modifies(({ params, region }) => {
    const item = findLoadBalancer(region, params.required('LoadBalancerArn'));
    const table = tableOf.loadBalancer(item);
    return modify(region, item.arn, readAttributes(params, table), table);
  }),
  DescribeTargetGroupAttributes: describes(({ params, region }) => {
    const item = findTargetGroup(region, params.required('TargetGroupArn'));
    return view(region, item.arn, tableOf.targetGroup(item));
  }),
  ModifyTargetGroupAttributes: modifies(modifyTargetGroupAttributes),
  DescribeListenerAttributes: describes(({ params, region }) => {
    const item = findListener(region, params.required('ListenerArn'));
    return view(region, item.arn, tableOf.listener(item));
  }),
  ModifyListenerAttributes: modifies(({ params, region }) => {
    const item = findListener(region, params.required('ListenerArn'));
    const table = tableOf.listener(item);
    return modify(region, item.arn, readAttributes(params, table), table);
  }),
};
