import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { resources } from '../kube-client/resources.js';
import { ControllerWorld } from '../testing/controller-world.js';
import { eventually } from '../testing/eventually.js';

let world: ControllerWorld;
let arn = '';
let count = 0;

beforeAll(async () => {
  world = await ControllerWorld.start();
  await world.service('red-ns', 'red-service', { pods: 3 });
});
afterAll(() => world.stop());
beforeEach(async () => {
  count += 1;
  arn = await world.aws.targetGroup(`red-${count}`);
});

const whatTheWebhooksFillIn = {
  ipAddressType: 'ipv4',
  targetGroupProtocol: 'HTTP',
  vpcID: expect.stringMatching(/^vpc-/),
};

async function bound(name: string, spec: Record<string, unknown> = {}): Promise<void> {
  const answer = await world.bind(name, { targetGroupARN: arn, targetType: 'ip', ...spec });
  if (typeof answer === 'string') throw new Error(answer);
  await world.untilReconciled(name);
}

async function unbound(name: string): Promise<void> {
  await world.client.delete(resources.bindings, 'red-ns', name);
  await eventually(
    () => world.binding(name),
    (each) => each === undefined,
  );
}

describe('a binding that is applied', () => {
  it('has its pods registered, and carries what the webhooks and the controller add', async () => {
    await bound('first');
    expect(await world.untilTargets(arn, 3)).toEqual(['10.0.16.10:8080', '10.0.16.11:8080', '10.0.16.12:8080']);
    const binding = await world.untilReconciled('first');
    expect(binding).toMatchObject({
      spec: whatTheWebhooksFillIn,
      status: { observedGeneration: 1 },
      metadata: { finalizers: ['elbv2.k8s.aws/resources'] },
    });
    expect(Object.keys(binding?.metadata.annotations ?? {})).toEqual([
      'elbv2.k8s.aws/checkpoint',
      'elbv2.k8s.aws/checkpoint-timestamp',
    ]);
    expect(binding?.status?.conditions).toBeUndefined();
    await eventually(
      () => world.events('first'),
      (events) => events.includes('Normal SuccessfullyReconciled'),
    );
    await unbound('first');
  });

  it('may name its target group instead', async () => {
    const answer = await world.bind('named', { targetGroupName: `red-${count}` });
    expect(answer).toMatchObject({ spec: { targetGroupARN: arn, targetType: 'ip' } });
    await world.untilTargets(arn, 3);
    await unbound('named');
  });

  it('follows its endpoints as they come and go', async () => {
    await bound('follow');
    await world.scale('red-ns', 'red-service', 5);
    await world.untilTargets(arn, 5);
    await world.scale('red-ns', 'red-service', 3);
    await world.untilTargets(arn, 3);
    await unbound('follow');
  });

  it('with networking is taken like any other', async () => {
    await bound('net', {
      networking: {
        ingress: [
          { from: [{ securityGroup: { groupID: 'sg-0123456789abcdef0' } }], ports: [{ port: 8080, protocol: 'TCP' }] },
        ],
      },
    });
    expect(await world.targets(arn)).toHaveLength(3);
    await unbound('net');
  });

  it('of type instance registers nodes at the node port, and needs a Service that has one', async () => {
    const instances = await world.aws.targetGroup(`nodes-${count}`, { TargetType: 'instance' });
    await world.service('red-ns', 'node-service', { type: 'NodePort' });
    expect(
      typeof (await world.bind('node', {
        serviceRef: { name: 'node-service', port: 80 },
        targetGroupARN: instances,
        targetType: 'instance',
      })),
    ).toBe('object');
    const [target] = await world.untilTargets(instances, 1);
    expect(target).toMatch(/^i-[0-9a-f]{17}:3\d{4}$/);
    await unbound('node');
    expect(typeof (await world.bind('node-ip', { targetGroupARN: instances, targetType: 'instance' }))).toBe('object');
    await eventually(
      () => world.events('node-ip'),
      (events) => events.includes('Warning FailedReconcile'),
    );
    expect(world.failures.join('\n')).toContain(
      "service type must be either 'NodePort' or 'LoadBalancer': red-ns/red-service",
    );
    await unbound('node-ip');
  });
});

describe('a binding is refused', () => {
  it('when its target group is bound already', async () => {
    await bound('owner');
    expect(await world.bind('second', { targetGroupARN: arn, targetType: 'ip' })).toBe(
      `403 admission webhook "vtargetgroupbinding.elbv2.k8s.aws" denied the request: TargetGroup ${arn} is already bound to following TargetGroupBindings [red-ns/owner]. ` +
        `Please enable MultiCluster mode on all TargetGroupBindings referencing ${arn} or choose a different Target Group ARN.`,
    );
    await unbound('owner');
  });

  it('when a change touches what may not change', async () => {
    await bound('fixed');
    const other = await world.aws.targetGroup(`other-${count}`);
    expect(await world.bind('fixed', { targetGroupARN: arn, targetType: 'instance' })).toContain(
      '403 admission webhook "vtargetgroupbinding.elbv2.k8s.aws" denied the request: TargetGroupBinding update may not change these immutable fields: spec.targetType',
    );
    expect(await world.bind('fixed', { targetGroupARN: other, targetType: 'ip' })).toContain(
      'may not change these immutable fields: spec.targetGroupARN',
    );
    await unbound('fixed');
  });

  it('when a whole manifest replaces it without what the webhooks filled in', async () => {
    await bound('put');
    const { metadata } = await world.untilReconciled('put');
    const body = {
      apiVersion: 'elbv2.k8s.aws/v1beta1',
      kind: 'TargetGroupBinding',
      metadata: { name: 'put', namespace: 'red-ns', resourceVersion: metadata.resourceVersion },
      spec: {
        serviceRef: { name: 'red-service', port: 80 },
        targetGroupARN: arn,
        targetType: 'ip',
        targetGroupProtocol: 'HTTP',
      },
    };
    await expect(
      world.client.call('PUT', '/apis/elbv2.k8s.aws/v1beta1/namespaces/red-ns/targetgroupbindings/put', body),
    ).rejects.toThrow('immutable fields: spec.ipAddressType,spec.vpcID');
    await unbound('put');
  });

  it.each([
    [
      'its target group does not exist',
      { targetGroupARN: 'arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/none/0123456789abcdef' },
      '403 admission webhook "mtargetgroupbinding.elbv2.k8s.aws" denied the request',
      'TargetGroupNotFound',
    ],
    [
      'it names no target group',
      { targetGroupARN: undefined },
      '403',
      'must provide either TargetGroupARN or TargetGroupName',
    ],
    [
      'its target type is none',
      { targetType: 'lambda' },
      '422',
      'spec.targetType: Unsupported value: "lambda": supported values: "instance", "ip"',
    ],
    [
      'its port is a list',
      { serviceRef: { name: 'red-service', port: [1] } },
      '400 admission webhook "mtargetgroupbinding.elbv2.k8s.aws" denied the request',
      'json: cannot unmarshal array into Go value of type int32',
    ],
    ['a field is unknown', { targetTyp: 'ip' }, '500', 'field not declared in schema'],
    [
      'it selects nodes for addresses',
      { nodeSelector: { matchLabels: { a: 'b' } } },
      '403',
      'TargetGroupBinding cannot set NodeSelector when TargetType is ip',
    ],
    [
      'its VPC is malformed',
      { vpcID: 'vpc-x' },
      '403',
      "ValidationError: vpcID vpc-x failed to satisfy constraint: VPC Id must begin with 'vpc-'",
    ],
    [
      'its VPC is another',
      { vpcID: 'vpc-00000000' },
      '403',
      'invalid VpcID vpc-00000000 doesnt match VpcID from TargetGroup',
    ],
    ['its IP version is another', { ipAddressType: 'ipv6' }, '403', 'invalid IP address type ipv6 for TargetGroup'],
    ['its protocol is another', { targetGroupProtocol: 'HTTPS' }, '403', 'protocol differs (got HTTPS, expected HTTP)'],
    [
      'it assumes a role for instances',
      { targetType: 'instance', iamRoleArnToAssume: 'arn:aws:iam::1:role/x' },
      '403',
      'Unable to use instance target type while using assume role',
    ],
  ])('when %s', async (_why, spec, start, message) => {
    const answer = await world.bind('refused', { targetGroupARN: arn, targetType: 'ip', ...spec });
    expect(answer).toEqual(expect.stringContaining(message));
    expect(typeof answer === 'string' && answer.startsWith(start)).toBe(true);
    expect(await world.binding('refused')).toBeUndefined();
  });
});

describe('a Service that goes away', () => {
  it('leaves the targets until its endpoints go too; then all are deregistered, and the binding still counts as reconciled', async () => {
    await world.service('red-ns', 'brief-service');
    await bound('brief', { serviceRef: { name: 'brief-service', port: 80 } });
    await world.client.delete(resources.services, 'red-ns', 'brief-service');
    await world.untilTargets(arn, 0);
    const events = await eventually(
      () => world.events('brief'),
      (all) => all.includes('Warning BackendNotFound'),
    );
    expect(events).toContain('Normal SuccessfullyReconciled');
    expect((await world.binding('brief'))?.status?.observedGeneration).toBe(1);
    await world.service('red-ns', 'brief-service');
    await world.untilTargets(arn, 2);
    await unbound('brief');
  });

  it('changes nothing while only the Service is gone', async () => {
    const slice = { api: resources.endpointSlices.api, plural: resources.endpointSlices.plural };
    await world.client.create(resources.services, {
      metadata: { name: 'bare', namespace: 'red-ns' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    } as never);
    await world.client.create(slice, {
      metadata: { name: 'bare-1', namespace: 'red-ns', labels: { 'kubernetes.io/service-name': 'bare' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['10.0.16.10'], targetRef: { kind: 'Pod', name: 'red-service-0', namespace: 'red-ns' } },
        { addresses: ['10.0.16.99'], targetRef: { kind: 'Pod', name: 'nobody', namespace: 'red-ns' } },
      ],
    } as never);
    await bound('bare', { serviceRef: { name: 'bare', port: 'http' } });
    expect(await world.targets(arn)).toEqual(['10.0.16.10:8080']);
    await world.client.delete(resources.services, 'red-ns', 'bare');
    await bound('barrier', { targetGroupARN: await world.aws.targetGroup(`barrier-${count}`) });
    expect(await world.targets(arn)).toEqual(['10.0.16.10:8080']);
    await world.client.delete(slice, 'red-ns', 'bare-1');
    await world.untilTargets(arn, 0);
    await unbound('bare');
    await unbound('barrier');
  });
});

describe('the checkpoint', () => {
  it('lets a target that was deregistered by hand stay missing, whatever happens to the metadata', async () => {
    await bound('skip');
    await world.deregister(arn, '10.0.16.10:8080');
    await world.client.patch(resources.bindings, 'red-ns', 'skip', 'merge', {
      metadata: { labels: { touched: 'yes' } },
    });
    await bound('after-skip', { targetGroupARN: await world.aws.targetGroup(`after-${count}`) });
    expect(await world.targets(arn)).toEqual(['10.0.16.11:8080', '10.0.16.12:8080']);
    await unbound('skip');
    await unbound('after-skip');
  });
});

describe('a shared target group', () => {
  it('may be bound twice when all say so, and loses only what each binding had registered', async () => {
    await world.aws.elb.send(
      new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: '10.0.99.1', Port: 80 }] }),
    );
    await world.service('red-ns', 'blue-service', { pods: 1 });
    await bound('shared-red', { multiClusterTargetGroup: true });
    await bound('shared-blue', { multiClusterTargetGroup: true, serviceRef: { name: 'blue-service', port: 80 } });
    expect(await world.untilTargets(arn, 5)).toContain('10.0.99.1:80');
    await unbound('shared-red');
    expect(await world.targets(arn)).toHaveLength(2);
    await unbound('shared-blue');
    expect(await world.targets(arn)).toEqual(['10.0.99.1:80']);
    await world.client.delete(resources.services, 'red-ns', 'blue-service');
  });
});

describe('a binding that is deleted', () => {
  it('is gone once all its targets are deregistered', async () => {
    await bound('gone');
    await unbound('gone');
    expect(await world.targets(arn)).toEqual([]);
  });

  it('is gone too when its target group is', async () => {
    await bound('lost');
    await world.deleteTargetGroup(arn);
    await unbound('lost');
  });
});

describe('a controller that is down', () => {
  it('refuses what is applied, leaves what is deleted, and catches up afterwards', async () => {
    await bound('down');
    world.aws.faults.set('controller.down', { name: 'blue' });
    const answer = await eventually(
      () => world.bind('never', { targetGroupARN: arn, targetType: 'ip' }),
      (each) => typeof each === 'string' && each.includes('failed calling webhook'),
    );
    expect(answer).toMatch(
      /^500 Internal error occurred: failed calling webhook "mtargetgroupbinding\.elbv2\.k8s\.aws": failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/mutate-elbv2-k8s-aws-v1beta1-targetgroupbinding\?timeout=10s": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
    );
    await world.client.delete(resources.bindings, 'red-ns', 'down');
    expect((await world.binding('down'))?.metadata.deletionTimestamp).toEqual(expect.any(String));
    world.aws.faults.clear('controller.down');
    await eventually(
      () => world.binding('down'),
      (each) => each === undefined,
    );
    expect(await world.targets(arn)).toEqual([]);
  });

  it('skips what is as it was when it starts again', async () => {
    await bound('kept');
    await world.deregister(arn, '10.0.16.10:8080');
    await world.stopControllers();
    await world.startControllers();
    await bound('after-restart', { targetGroupARN: await world.aws.targetGroup(`restart-${count}`) });
    expect(await world.targets(arn)).toEqual(['10.0.16.11:8080', '10.0.16.12:8080']);
    await unbound('kept');
    await unbound('after-restart');
  });
});

describe('an API server that is down for a while', () => {
  it('is followed again when it is back', async () => {
    await bound('outage');
    world.aws.faults.set('cluster.down', { name: 'blue' });
    await expect(world.binding('outage')).rejects.toThrow();
    world.aws.faults.clear('cluster.down');
    await world.scale('red-ns', 'red-service', 4);
    await world.untilTargets(arn, 4);
    await world.scale('red-ns', 'red-service', 3);
    await world.untilTargets(arn, 3);
    await unbound('outage');
  });
});
