import type { ForwardAction } from '@sluice/domain';
import { InMemoryLoadBalancer } from './in-memory-load-balancer.js';
import type { ConsoleEdit, LoadBalancerPeer } from './peer.js';

/** The load balancer in memory as a peer of the contract suite. */
export async function inMemoryPeer(): Promise<LoadBalancerPeer> {
  const port = new InMemoryLoadBalancer();
  return {
    port,
    access: { accountId: 'in-memory', region: 'eu-west-1', endpoint: null, credentials: null, role: null },
    network: { vpcId: 'vpc-00000001', subnets: ['subnet-a', 'subnet-b'], securityGroups: ['sg-a'] },
    registerTargets: async (targetGroupArn, addresses) => {
      const used = port.world.loadBalancersOf(targetGroupArn).length > 0;
      const count = addresses.length;
      port.setHealth(
        targetGroupArn,
        used ? { healthy: count } : { unused: count, reasons: { 'Target.NotInUse': count } },
      );
    },
    editByConsole: async (routeArn, edit) => port.editByConsole(routeArn, actionOf(edit)),
    faults: {
      throttleNextWrite: async () => void (port.faults.throttle = 1),
      failNextWriteBeforeEffect: async () => void (port.faults.failBefore = 1),
      dropNextReply: async () => void (port.faults.dropReply = 1),
      showNewerActions: async () => void (port.faults.unknownMembers = ['1.ForwardConfig.FailoverConfig']),
      none: async () =>
        void Object.assign(port.faults, { throttle: 0, failBefore: 0, dropReply: 0, unknownMembers: [] }),
    },
    close: async () => undefined,
  };
}

function actionOf(edit: ConsoleEdit): Partial<ForwardAction> | null {
  if (edit.kind === 'fixedResponse') return null;
  if (edit.kind === 'weights') return { weights: edit.weights };
  if (edit.kind === 'shortForm') return { weights: [{ targetGroupArn: edit.targetGroupArn, weight: 1 }] };
  return {
    weights: edit.weights,
    stickiness: { enabled: true, durationSeconds: edit.stickySeconds },
    otherActions: [{ type: 'authenticate-oidc', digest: 'in-memory' }],
  };
}
