import { findListener, findLoadBalancer, newId } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { actionsView, readActions } from './actions.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import { removeListener } from './load-balancers.js';
import type { Listener, LoadBalancer, RegionState } from './model.js';
import { page } from './paging.js';
import type { Params } from './params.js';
import { listenersOf, rulesOf } from './relations.js';
import { readTags } from './tags.js';

const maxPerLoadBalancer = 50;
const defaultSslPolicy = 'ELBSecurityPolicy-2016-08';
const protocolsOf = { application: ['HTTP', 'HTTPS'], network: ['TCP', 'TLS', 'UDP', 'TCP_UDP'] } as const;

function createListener(call: Call): object {
  const { params, region } = call;
  const loadBalancer = findLoadBalancer(region, params.required('LoadBalancerArn'));
  params.required('Protocol');
  params.required('Port');
  const protocol = readProtocol(params, loadBalancer) ?? 'HTTP';
  const port = params.integer('Port', 1, 65_535) ?? 80;
  const tls = readTls(params, protocol, undefined);
  const tags = readTags(params);
  const list = params.structs('DefaultActions');
  if (list === undefined) throw validationError("'DefaultActions' must be specified");
  const actions = readActions(list, { region, loadBalancer, protocol, port, existing: [] });
  const same = listenersOf(region, loadBalancer.arn).find((candidate) => candidate.port === port);
  if (same !== undefined) {
    const equal = same.protocol === protocol && JSON.stringify(same.actions) === JSON.stringify(actions);
    if (equal) return { Listeners: [view(same)] };
    throw new AwsError(
      'DuplicateListener',
      `A listener already exists on port ${port} for load balancer '${loadBalancer.arn}'`,
    );
  }
  if (listenersOf(region, loadBalancer.arn).length >= maxPerLoadBalancer)
    throw new AwsError('TooManyListeners', `A load balancer may have at most ${maxPerLoadBalancer} listeners`);
  const path = `${loadBalancer.arn.split(':loadbalancer/')[1] ?? ''}/${newId()}`;
  const prefix = `arn:aws:elasticloadbalancing:${call.regionName}:${call.account}`;
  const created: Listener = {
    sequence: region.sequence++,
    arn: `${prefix}:listener/${path}`,
    defaultRuleArn: `${prefix}:listener-rule/${path}/${newId()}`,
    loadBalancerArn: loadBalancer.arn,
    port,
    protocol,
    ...tls,
    actions,
  };
  region.listeners[created.arn] = created;
  region.tags[created.arn] = tags;
  return { Listeners: [view(created)] };
}

function readProtocol(params: Params, loadBalancer: LoadBalancer): string | undefined {
  const allowed = protocolsOf[loadBalancer.type];
  const protocol = params.string('Protocol');
  if (protocol === undefined || (allowed as readonly string[]).includes(protocol)) return protocol;
  throw new AwsError(
    'UnsupportedProtocol',
    `Listener protocol '${protocol}' must be one of '${allowed.join(', ')}' for load balancers of type '${loadBalancer.type}'`,
  );
}

function readTls(
  params: Params,
  protocol: string,
  before: Listener | undefined,
): Pick<Listener, 'certificateArns' | 'sslPolicy' | 'alpnPolicy'> {
  const secure = protocol === 'HTTPS' || protocol === 'TLS';
  const certificates = params.structs('Certificates')?.map((item) => item.required('CertificateArn'));
  const sslPolicy = params.string('SslPolicy');
  if (!secure) {
    if (certificates !== undefined || sslPolicy !== undefined)
      throw validationError(`Certificates and an SSL policy may not be specified for ${protocol} listeners`);
    return { certificateArns: [] };
  }
  const certificateArns = certificates ?? before?.certificateArns ?? [];
  if (certificateArns.length === 0) throw validationError(`A certificate must be specified for ${protocol} listeners`);
  if (certificateArns.length > 1)
    throw new AwsError(
      'TooManyCertificates',
      'Exactly one certificate must be specified; more are added by AddListenerCertificates',
    );
  const wrong = certificateArns.find((arn) => !/^arn:aws[\w-]*:(acm|iam):/.test(arn));
  if (wrong !== undefined) throw new AwsError('CertificateNotFound', `Certificate '${wrong}' not found`);
  return {
    certificateArns,
    sslPolicy: sslPolicy ?? before?.sslPolicy ?? defaultSslPolicy,
    alpnPolicy: params.strings('AlpnPolicy') ?? before?.alpnPolicy,
  };
}

function describeListeners({ params, region }: Call): object {
  const arns = params.strings('ListenerArns');
  const loadBalancerArn = params.string('LoadBalancerArn');
  if ((arns === undefined) === (loadBalancerArn === undefined))
    throw validationError('You must specify either listener ARNs or a load balancer ARN');
  const chosen =
    arns?.map((arn) => findListener(region, arn)) ??
    listenersOf(region, findLoadBalancer(region, loadBalancerArn ?? '').arn);
  const { shown, NextMarker } = page([...new Set(chosen)], (item) => item.sequence, params);
  return { Listeners: shown.map(view), NextMarker };
}

function view(item: Listener): object {
  return {
    ListenerArn: item.arn,
    LoadBalancerArn: item.loadBalancerArn,
    Port: item.port,
    Protocol: item.protocol,
    DefaultActions: actionsView(item.actions),
    Certificates:
      item.certificateArns.length === 0
        ? undefined
        : item.certificateArns.map((CertificateArn) => ({ CertificateArn })),
    SslPolicy: item.sslPolicy,
    AlpnPolicy: item.alpnPolicy,
    MutualAuthentication: item.protocol === 'HTTPS' ? { Mode: 'off' } : undefined,
  };
}

function modifyListener({ params, region }: Call): object {
  const item = findListener(region, params.required('ListenerArn'));
  const loadBalancer = findLoadBalancer(region, item.loadBalancerArn);
  const protocol = readProtocol(params, loadBalancer) ?? item.protocol;
  const port = params.integer('Port', 1, 65_535) ?? item.port;
  if (listenersOf(region, loadBalancer.arn).some((other) => other !== item && other.port === port)) {
    throw new AwsError(
      'DuplicateListener',
      `A listener already exists on port ${port} for load balancer '${loadBalancer.arn}'`,
    );
  }
  const tls = readTls(params, protocol, item);
  const list = params.structs('DefaultActions');
  const place = { region, loadBalancer, protocol, port, replacesArn: item.arn, existing: item.actions };
  const actions = list === undefined ? item.actions : readActions(list, place);
  if (list === undefined) checkStillFits(region, item, protocol);
  Object.assign(item, { protocol, port, actions, ...tls });
  return { Listeners: [view(item)] };
}

/** A listener that loses TLS may not keep actions that need it. */
function checkStillFits(region: RegionState, item: Listener, protocol: string): void {
  const lists = [item.actions, ...rulesOf(region, item.arn).map((rule) => rule.actions)];
  if (protocol !== 'HTTPS' && lists.some((actions) => actions.length > 1)) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      `Authentication actions are supported on HTTPS listeners only, and this one is to be ${protocol}`,
    );
  }
}

function deleteListener({ params, region }: Call): object {
  removeListener(region, findListener(region, params.required('ListenerArn')).arn);
  return {};
}

function describeListenerCertificates({ params, region }: Call): object {
  const item = findListener(region, params.required('ListenerArn'));
  return { Certificates: item.certificateArns.map((CertificateArn) => ({ CertificateArn, IsDefault: true })) };
}

export const listenerActions: Readonly<Record<string, ActionHandler>> = {
  CreateListener: modifies(createListener),
  DescribeListeners: describes(describeListeners),
  ModifyListener: modifies(modifyListener),
  DeleteListener: modifies(deleteListener),
  DescribeListenerCertificates: describes(describeListenerCertificates),
};
