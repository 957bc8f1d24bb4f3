import type { ExternalFailure, RouteRead, WriteOutcome } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import type { LoadBalancerPeer } from './peer.js';

type Tags = Readonly<Record<string, string>>;

/** Two target groups behind one load balancer with a 90/10 default action, made through the port under test. */
export interface ContractWorld {
  readonly loadBalancerArn: string;
  readonly listenerArn: string;
  readonly red: string;
  readonly black: string;
  readonly read: (routeArn: string) => Promise<RouteRead>;
  readonly write: (routeArn: string, weights: Weights) => Promise<WriteOutcome>;
  readonly addTargetGroup: (tags?: Tags) => Promise<string>;
  readonly addRule: (priority: number, weights: Weights, tags?: Tags) => Promise<string>;
}

let made = 0;

/** Load balancers that stand on each peer: an account may have fifty. */
const standing = new WeakMap<LoadBalancerPeer, string[]>();

/** Takes down what `buildWorld` has built on the peer. */
export async function takeDown(peer: LoadBalancerPeer): Promise<void> {
  for (const arn of standing.get(peer) ?? []) await peer.port.deleteLoadBalancer(peer.access, arn);
  standing.delete(peer);
}

/** A name that no other test of this process has taken: load balancers and target groups are unique by name. */
function freshName(what: string): string {
  made += 1;
  return `ct-${what}-${process.pid}-${made}`;
}

export interface WorldSpec {
  readonly loadBalancer?: Tags;
  readonly listener?: Tags;
  /** Default HTTP. AWS lets only HTTPS listeners log users in; TCP stands on a network load balancer. */
  readonly protocol?: keyof typeof listeners;
}

const listeners = {
  HTTP: { protocol: 'HTTP', port: 80 },
  // The certificate is accepted by AWS's own rules of form; the suite sends no traffic.
  HTTPS: { protocol: 'HTTPS', port: 443, certificateArn: 'arn:aws:iam::111122223333:server-certificate/contract' },
  TCP: { protocol: 'TCP', port: 5432 },
} as const;

export async function buildWorld(peer: LoadBalancerPeer, spec: WorldSpec = {}): Promise<ContractWorld> {
  const { port, access } = peer;
  const { protocol = 'HTTP' } = spec;
  const tcp = protocol === 'TCP';
  const addTargetGroup = async (groupTags: Tags = {}): Promise<string> => {
    const group = targetGroupSpec(peer, groupTags);
    return (
      await port.createTargetGroup(
        access,
        tcp ? { ...group, protocol: 'TCP', healthCheck: { protocol: 'TCP' } } : group,
      )
    ).arn;
  };
  const loadBalancer = await port.createLoadBalancer(access, {
    ...loadBalancerSpec(peer, spec.loadBalancer),
    type: tcp ? 'network' : 'application',
  });
  standing.set(peer, [...(standing.get(peer) ?? []), loadBalancer.arn]);
  const red = await addTargetGroup();
  const black = await addTargetGroup();
  const listener = await port.createListener(access, {
    loadBalancerArn: loadBalancer.arn,
    ...listeners[protocol],
    weights: weightsOf([red, 90], [black, 10]),
    tags: spec.listener ?? {},
  });
  const read = (routeArn: string): Promise<RouteRead> => port.readRoute(access, routeArn);
  return {
    loadBalancerArn: loadBalancer.arn,
    listenerArn: listener.arn,
    red,
    black,
    read,
    write: async (routeArn, weights) => port.writeWeights(access, await read(routeArn), weights),
    addTargetGroup,
    addRule: async (priority, weights, ruleTags = {}) =>
      (
        await port.createRule(access, {
          listenerArn: listener.arn,
          priority,
          conditions: { paths: [`/p${priority}/*`] },
          weights,
          tags: ruleTags,
        })
      ).arn,
  };
}

export function loadBalancerSpec({ network }: LoadBalancerPeer, tags: Tags = {}) {
  return {
    name: freshName('lb'),
    type: 'application',
    scheme: 'internal',
    subnets: network.subnets,
    securityGroups: network.securityGroups,
    tags,
  } as const;
}

export function targetGroupSpec({ network }: LoadBalancerPeer, tags: Tags = {}) {
  const healthCheck = {
    protocol: 'HTTP',
    path: '/healthz',
    intervalSeconds: 10,
    timeoutSeconds: 5,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    matcher: '200-299',
  } as const;
  return {
    name: freshName('tg'),
    protocol: 'HTTP',
    port: 8080,
    targetType: 'ip',
    vpcId: network.vpcId,
    healthCheck,
    tags,
  } as const;
}

/** Makes things one after the other: not every peer takes several at once. */
export async function several<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const all: Made[] = [];
  for (let index = 0; index < count; index += 1) all.push(await make(index));
  return all;
}

/** Weights in canonical order. */
export function weightsOf(...pairs: readonly (readonly [string, number])[]): Weights {
  return pairs
    .map(([targetGroupArn, weight]) => ({ targetGroupArn, weight }))
    .sort((a, b) => (a.targetGroupArn < b.targetGroupArn ? -1 : 1));
}

/** The failure that a call ends with; an error of the test if it succeeds. */
export async function failureOf(work: Promise<unknown>): Promise<ExternalFailure> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error as ExternalFailure, // the tests look at its fields, which shows what else it may be
  );
  if (failure === null) throw new Error('the call was expected to fail and succeeded');
  return failure;
}

/** A budget that lets every request through and remembers what it was. */
export function counted(): { readonly ops: string[]; readonly take: (op: string) => Promise<void> } {
  const ops: string[] = [];
  return { ops, take: async (op) => void ops.push(op) };
}
