import { describe, expect, it } from '@jest/globals';
import type { ApplyBinding, DesiredBinding } from '@sluice/control';
import { desiredBinding, targetGroupArn } from './cluster-world.js';
import type { WorldInTest } from './contract.js';

/** What will not work, or would do harm, is refused with its reason, what is there, and the way out. */
export function refusalContract(inTest: WorldInTest): void {
  const { world, freshNamespace } = inTest;
  const withService = async (change: Partial<DesiredBinding> = {}) => {
    const namespace = freshNamespace();
    await world().service({
      namespace,
      name: 'red-service',
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 9000 },
      ],
    });
    return desiredBinding({ namespace, ...change });
  };
  const apply = (desired: DesiredBinding, options: { force?: boolean; dryRun?: boolean } = {}) =>
    world().agent.applyBinding(world().access, desired, options);

  describe('refusing a binding for what is in the cluster', () => {
    it('says that the namespace is missing', async () => {
      const desired = desiredBinding({ namespace: freshNamespace() });
      expectRefusal(await apply(desired), 'NamespaceNotFound', desired.namespace);
    });

    it('says that the Service is missing', async () => {
      const namespace = freshNamespace();
      await world().namespace(namespace);
      expectRefusal(await apply(desiredBinding({ namespace })), 'ServiceNotFound', `${namespace}/red-service`);
    });

    it('names the ports that the Service has when the wanted one is missing', async () => {
      expectRefusal(await apply(await withService({ port: 8080 })), 'ServicePortNotFound', '80 (http), 9000 (admin)');
      expectRefusal(await apply(await withService({ port: 'https' })), 'ServicePortNotFound', 'https');
    });

    it('wants a Service with node ports for target type instance', async () => {
      expectRefusal(await apply(await withService({ targetType: 'instance' })), 'ServiceTypeUnsuitable', 'ClusterIP');
    });

    it('never takes an ExternalName Service', async () => {
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', type: 'ExternalName', readyPods: 0 });
      expectRefusal(await apply(desiredBinding({ namespace })), 'ServiceTypeUnsuitable', 'ExternalName');
    });

    it('does not take a Service whose endpoints are no pods', async () => {
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', readyPods: 0, otherEndpoints: 2 });
      expectRefusal(await apply(desiredBinding({ namespace })), 'ServiceHasNoEndpoints', 'no pods');
    });

    it('names the binding that fills the same target group already, in whichever namespace', async () => {
      const first = await withService();
      await apply(first);
      const second = await withService({ targetGroupArn: first.targetGroupArn });
      expectRefusal(await apply(second), 'TargetGroupAlreadyBound', `${first.namespace}/sluice-red`);
    });
  });

  describe('refusing to touch what is not ours', () => {
    it.each(['ingress.k8s.aws/stack', 'service.k8s.aws/stack-name'])(
      'leaves a binding with the label %s to its controller, even by force',
      async (label) => {
        const desired = await withService();
        await world().foreignBinding({ ...desired, labels: { [label]: 'shop' } });
        expectRefusal(await apply(desired), 'ManagedByController', 'sluice-red');
        expectRefusal(await apply(desired, { force: true }), 'ManagedByController', 'sluice-red');
      },
    );

    it('takes over a binding of somebody else only by force', async () => {
      const desired = await withService();
      await world().foreignBinding({ ...desired, labels: { team: 'shop' } });
      expectRefusal(await apply(desired), 'NotOurs', 'force');
      expect(await apply(desired, { force: true })).toMatchObject({
        result: 'applied',
        binding: { labels: { ...desired.labels, team: 'shop' } },
      });
    });

    it('does not take a binding away from another backend', async () => {
      const desired = await withService();
      await apply(desired);
      const other = { ...desired, labels: { ...desired.labels, 'sluice.dev/backend': 'backend-black' } };
      expectRefusal(await apply(other), 'NotOurs', 'backend-red');
    });

    it('names the manager and the field when somebody else changed it, and takes it back by force', async () => {
      const desired = await withService();
      await apply(desired);
      await world().otherManagerSetsPort(desired, 'shop-team', 9000);
      const refusal = await apply(desired);
      expectRefusal(refusal, 'FieldConflict', 'shop-team');
      expectRefusal(refusal, 'FieldConflict', '.spec.serviceRef.port');
      expect(await apply(desired, { force: true })).toMatchObject({ result: 'applied', binding: { port: 80 } });
    });
  });

  describe('refusing what a live binding can not become', () => {
    it.each([
      ['spec.targetGroupARN', { targetGroupArn: targetGroupArn('another') }],
      ['spec.targetType', { targetType: 'instance' as const }],
    ])('shows the way when %s changes', async (field, change) => {
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', type: 'NodePort' });
      const desired = desiredBinding({ namespace });
      await apply(desired);
      const refusal = await apply({ ...desired, ...change });
      expectRefusal(refusal, 'ImmutableField', field);
      expect(refusal).toMatchObject({ way: expect.stringContaining('second binding under another name') });
    });

    it('does not apply to a binding that is being deleted', async () => {
      const desired = await withService();
      await apply(desired);
      await world().setFinalizers(desired, ['elbv2.k8s.aws/resources']);
      await world().agent.removeBinding(world().access, desired, { drained: true, message: 'drained' });
      expectRefusal(await apply(desired), 'InvalidBinding', 'being deleted');
      await world().setFinalizers(desired, []);
    });

    it('says what is wrong with a label that Kubernetes does not take', async () => {
      const desired = await withService();
      expectRefusal(
        await apply({ ...desired, labels: { ...desired.labels, 'sluice.dev/backend': 'not a label' } }),
        'InvalidBinding',
        'not a label',
      );
    });

    it('does not open the network for nobody', async () => {
      expectRefusal(
        await apply(await withService({ networking: { securityGroupIds: [], port: null } })),
        'InvalidBinding',
        'security group',
      );
    });
  });

  describe('refusing what the cluster does not allow', () => {
    it('says what the user may not do', async () => {
      const desired = await withService();
      expectRefusal(await world().agent.applyBinding(world().powerless, desired), 'Forbidden', 'powerless');
    });

    it('says that the API group is not served', async () => {
      const { unservedApi } = inTest.capabilities;
      if (unservedApi === null) return;
      const desired = await withService();
      expectRefusal(
        await world().agent.applyBinding({ ...world().access, bindingApi: unservedApi }, desired),
        'CrdMissing',
        unservedApi,
      );
    });

    if (!inTest.capabilities.webhooks) return;

    it.each(webhookWords)('reads $reason out of the webhook’s answer', async ({ reason, message, shows }) => {
      const desired = await withService();
      const end = await world().webhook(desired.namespace, { kind: 'deny', message });
      try {
        expectRefusal(await apply(desired), reason, shows);
      } finally {
        await end();
      }
    });

    it('says that the controller does not answer when its webhook is down', async () => {
      const desired = await withService();
      const end = await world().webhook(desired.namespace, { kind: 'down' });
      try {
        const refusal = await apply(desired);
        expectRefusal(refusal, 'WebhookUnavailable', 'does not answer');
        expect(refusal).toMatchObject({ way: expect.stringContaining('pods') });
      } finally {
        await end();
      }
    });
  });
}

/** The controller's own sentences (LBC webhooks, §1.6 of its validators), and what we make of them. */
const webhookWords: readonly {
  readonly reason: Refusal['reason'];
  readonly message: string;
  readonly shows: string;
}[] = [
  {
    reason: 'TargetGroupAlreadyBound',
    shows: 'shop/other',
    message: `TargetGroup ${targetGroupArn('x')} is already bound to following TargetGroupBindings [shop/other]. Please enable MultiCluster mode on all TargetGroupBindings referencing ${targetGroupArn('x')} or choose a different Target Group ARN.`,
  },
  {
    reason: 'ImmutableField',
    shows: 'spec.ipAddressType,spec.vpcID',
    message: 'TargetGroupBinding update may not change these immutable fields: spec.ipAddressType,spec.vpcID',
  },
  {
    reason: 'TargetGroupNotFound',
    shows: 'TargetGroupNotFound',
    message:
      'unable to get target group IP address type: operation error Elastic Load Balancing v2: DescribeTargetGroups, https response error StatusCode: 400, TargetGroupNotFound: One or more target groups not found',
  },
  {
    reason: 'InvalidBinding',
    shows: 'protocol differs',
    message: `TargetGroup ${targetGroupArn('x')} protocol differs (got HTTP, expected HTTPS)`,
  },
];

type Refusal = Extract<ApplyBinding, { result: 'refused' }>;

function expectRefusal(outcome: ApplyBinding, reason: Refusal['reason'], shows: string): void {
  if (outcome.result !== 'refused') throw new Error(`applied, though it should be refused as ${reason}`);
  expect(`${outcome.reason}: ${outcome.message}`).toMatch(new RegExp(`^${reason}: `));
  expect(`${outcome.message} ${outcome.way}`).toContain(shows);
  expect(outcome.way).not.toBe('');
}
