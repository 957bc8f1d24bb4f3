import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AddTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { resources } from '../kube-client/resources.js';
import { realAssets } from '../cluster/real-clusters.js';
import { ControllerWorld } from '../testing/controller-world.js';
import { eventually } from '../testing/eventually.js';
import type { Binding } from './binding.js';

let world: ControllerWorld;

beforeAll(async () => {
  world = await ControllerWorld.start({ autoMode: ['blue'] });
  await world.service('red-ns', 'red-service');
});
afterAll(() => world.stop());

describe(`a cluster in Auto Mode${realAssets() ? ' (a real API server)' : ''}`, () => {
  it('registers targets only in a target group that carries its name', async () => {
    const arn = await world.aws.targetGroup('auto');
    const body = {
      apiVersion: 'eks.amazonaws.com/v1',
      kind: 'TargetGroupBinding',
      metadata: { name: 'auto', namespace: 'red-ns' },
      spec: { serviceRef: { name: 'red-service', port: 80 }, targetGroupARN: arn, targetType: 'ip' },
    };
    await world.client.patch<Binding>(
      resources.autoModeBindings,
      'red-ns',
      'auto',
      'apply',
      body,
      '?fieldManager=sluice',
    );
    await eventually(
      () => world.events('auto'),
      (events) => events.includes('Warning FailedReconcile'),
    );
    expect(await world.targets(arn)).toEqual([]);
    await world.aws.elb.send(
      new AddTagsCommand({ ResourceArns: [arn], Tags: [{ Key: 'eks:eks-cluster-name', Value: 'blue' }] }),
    );
    await world.untilTargets(arn, 2);
    expect(await world.bind('open', { targetGroupARN: arn, targetType: 'ip' })).toContain(
      'is already bound to following TargetGroupBindings [red-ns/auto]',
    );
    await world.client.delete(resources.autoModeBindings, 'red-ns', 'auto');
    await world.untilTargets(arn, 0);
  });
});
