import { attributeActions } from './attributes.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import { listenerActions } from './listeners.js';
import { loadBalancerActions } from './load-balancers.js';
import { page } from './paging.js';
import { ruleActions } from './rules.js';
import { addTags, describeTags, removeTags } from './tags.js';
import { targetGroupActions } from './target-groups.js';
import { targetActions } from './targets.js';

const limits = [
  ['application-load-balancers', 50],
  ['network-load-balancers', 50],
  ['target-groups', 3000],
  ['listeners-per-application-load-balancer', 50],
  ['listeners-per-network-load-balancer', 50],
  ['rules-per-application-load-balancer', 100],
  ['target-groups-per-application-load-balancer', 100],
  ['target-groups-per-network-load-balancer', 100],
  ['target-groups-per-action-on-application-load-balancer', 5],
  ['target-groups-per-action-on-network-load-balancer', 5],
  ['targets-per-application-load-balancer', 1000],
  ['targets-per-network-load-balancer', 1000],
  ['targets-per-availability-zone-per-network-load-balancer', 500],
  ['certificates-per-application-load-balancer', 25],
  ['condition-values-per-alb-rule', 5],
  ['condition-wildcards-per-alb-rule', 5],
] as const;

function describeAccountLimits({ params }: Call): object {
  const { shown, NextMarker } = page(limits, (limit) => limits.indexOf(limit), params);
  return { Limits: shown.map(([Name, max]) => ({ Name, Max: String(max) })), NextMarker };
}

function describeSslPolicies(): object {
  const names = ['ELBSecurityPolicy-2016-08', 'ELBSecurityPolicy-TLS13-1-2-2021-06'];
  return {
    SslPolicies: names.map((Name) => ({
      Name,
      SslProtocols: ['TLSv1.2'],
      Ciphers: [],
      SupportedLoadBalancerTypes: ['application', 'network'],
    })),
  };
}

/** Every action of ELBv2 (API version 2015-12-01) that the sandbox has. */
export const elbv2Actions: Readonly<Record<string, ActionHandler>> = {
  ...loadBalancerActions,
  ...targetGroupActions,
  ...listenerActions,
  ...ruleActions,
  ...targetActions,
  ...attributeActions,
  AddTags: modifies(addTags),
  RemoveTags: modifies(removeTags),
  DescribeTags: describes(describeTags),
  DescribeAccountLimits: describes(describeAccountLimits),
  DescribeSSLPolicies: describes(describeSslPolicies),
};
