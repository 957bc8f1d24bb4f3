import { describe, expect, it } from '@jest/globals';
import type { ClusterAccess } from '@sluice/control';
import { desiredBinding, type ClusterWorld } from './cluster-world.js';
import { describeClusterAgentContract } from './contract.js';
import { InMemoryClusterAgent, powerlessToken } from './in-memory-cluster-agent.js';
import { keyOf } from './in-memory-cluster.js';

const access = (token = 'sluice'): ClusterAccess => ({
  clusterId: 'blue',
  name: 'blue',
  server: 'https://blue.example',
  caPem: '',
  auth: { kind: 'token', token },
  bindingApi: 'elbv2.k8s.aws/v1beta1',
});

describeClusterAgentContract(
  'memory',
  async () => ({ world: worldInMemory(new InMemoryClusterAgent()), stop: async () => undefined }),
  {
    unservedApi: 'eks.amazonaws.com/v1',
    webhooks: false,
  },
);

function worldInMemory(agent: InMemoryClusterAgent): ClusterWorld {
  const cluster = agent.cluster('blue');
  return {
    agent,
    access: access(),
    powerless: access(powerlessToken),
    namespace: async (name) => cluster.namespace(name),
    service: async (seed) => cluster.service(seed),
    foreignBinding: async (binding) => cluster.foreignBinding(binding),
    otherManagerSetsPort: async (binding, manager, port) => cluster.otherManagerSetsPort(binding, manager, port),
    spec: async (binding) => cluster.bindings.get(keyOf(binding))?.spec ?? null,
    event: async (binding, event) => cluster.event(binding, event),
    failedCleanup: async (binding, message) => cluster.failedCleanup(binding, message),
    setFinalizers: async (binding, finalizers) => cluster.setFinalizers(binding, finalizers),
    webhook: () => Promise.reject(new Error('there are no webhooks in memory')),
  };
}

describe('faults of the clusters in memory', () => {
  it('fail every call while a cluster is switched off, and no other cluster', async () => {
    const agent = new InMemoryClusterAgent();
    agent.switchOff('blue');
    await expect(agent.listBindings(access())).rejects.toMatchObject({
      name: 'ExternalFailure',
      kind: 'transient',
      code: 'ECONNREFUSED',
    });
    expect(await agent.listBindings({ ...access(), clusterId: 'green' })).toEqual([]);
    agent.switchOn('blue');
    expect(await agent.listBindings(access())).toEqual([]);
  });

  it('refuse the next binding as told, and apply the one after', async () => {
    const agent = new InMemoryClusterAgent();
    agent.cluster('blue').service({ namespace: 'red-ns', name: 'red-service' });
    agent.refuseNext('WebhookUnavailable');
    const desired = desiredBinding({ namespace: 'red-ns' });
    expect(await agent.applyBinding(access(), desired)).toMatchObject({
      result: 'refused',
      reason: 'WebhookUnavailable',
    });
    expect(await agent.applyBinding(access(), desired)).toMatchObject({ result: 'applied' });
    expect(agent.applied).toEqual([{ clusterId: 'blue', desired }]);
  });
});
