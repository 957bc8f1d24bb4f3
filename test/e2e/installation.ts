import { readFileSync } from 'node:fs';
import type { Rest } from '../../tools/walkthrough/rest.mjs';
import { findNetwork } from '../../tools/walkthrough/aws.mjs';
import type { Stack, Upgrade } from './stack.js';

/** An installation with one of everything, and what a good request to it looks like. */
export interface Installation {
  /** By the first word of the path: `projects`, `rollouts` …; `version` is a plan's. */
  readonly ids: Readonly<Record<string, string>>;
  /** A body with every field that the operation knows; `again` makes names that nothing has yet. */
  bodyFor(operationId: string, again: string): object | undefined;
}

export async function installation(stack: Stack, rest: Rest, { project, route, plan }: Upgrade): Promise<Installation> {
  const of = async (kind: string) =>
    (await rest.get(`/${kind}?projectId=${project.id}`)).items as { id: string; name: string }[];
  const [account] = await of('accounts');
  const clusters = await of('clusters');
  const backends = (await of('backends')) as { id: string; name: string; targetGroupArn: string }[];
  const [binding] = await of('bindings');
  const { items: resources } = await rest.get(`/provisioned-resources?projectId=${project.id}`);
  const arnOf = (part: string) =>
    (resources as { arn: string }[]).map(({ arn }) => arn).find((arn) => arn.includes(part)) ?? '';
  const startAt = new Date(Date.now() + 86_400_000).toISOString();
  const rollout = await rest.post('/rollouts', { projectId: project.id, planId: plan.id, startAt });
  const [decision] = await of('decisions');
  const [token] = (await rest.get('/tokens')).items;
  const network = await findNetwork(stack.sandbox.aws);
  const kubeconfig = readFileSync(stack.sandbox.sluiceClusters['blue-2025'], 'utf8');

  const ids = {
    projects: project.id,
    accounts: account!.id,
    clusters: clusters[0]!.id,
    routes: route.id,
    backends: backends[0]!.id,
    bindings: binding!.id,
    plans: plan.id,
    rollouts: rollout.id,
    decisions: decision!.id,
    tokens: token.id,
    version: '1',
  };
  const where = { projectId: project.id, accountId: account!.id };
  const [red, black] = backends;
  const weights = backends.map(({ targetGroupArn }) => ({ targetGroupArn, weight: 50 }));
  const { endpoint, accessKeyId, secretAccessKey } = stack.sandbox.aws;
  const spec = {
    schemaVersion: 1,
    routes: { kind: 'ids', ids: [route.id] },
    steps: {
      kind: 'explicit',
      steps: [{ name: 'half', shares: { red: 50, black: 50 }, holdMs: 1_000, minHealthyTargets: 1 }],
    },
    minHealthyTargets: 1,
    settleMs: 0,
    maxFactAgeMs: 30_000,
    onHealthLost: 'block',
    bakeMs: 0,
  };
  const reason = { reason: 'trying what it takes' };
  const reached = {
    endpoint,
    roleArn: null,
    credentials: { accessKeyId, secretAccessKey },
    apiBudget: { modifyPerSecond: 3, modifyBurst: 20, readPerSecond: 5, readBurst: 20 },
  };
  const bodies: Readonly<Record<string, (again: string) => object>> = {
    createProject: (again) => ({ name: `project ${again}` }),
    createAccount: (again) => ({
      projectId: project.id,
      name: again,
      awsAccountId: '111122223333',
      region: 'us-east-1',
      ...reached,
    }),
    updateAccount: () => ({ name: 'sandbox', ...reached }),
    createCluster: (again) => ({
      ...where,
      name: again,
      labels: { stage: 'test' },
      bindingApi: 'elbv2.k8s.aws/v1beta1',
      kubeconfig,
    }),
    updateCluster: () => ({ name: 'blue-2025', labels: { stage: 'test' }, bindingApi: 'elbv2.k8s.aws/v1beta1' }),
    setClusterConnection: () => ({ kubeconfig }),
    cordonCluster: () => reason,
    retireCluster: () => reason,
    createRoute: (again) => ({
      ...where,
      name: again,
      arn: route.arn,
      labels: { app: 'shop' },
      pinned: [],
      acknowledgeApplyTimeTool: { ...reason },
    }),
    updateRoute: () => ({ name: 'shop', labels: { app: 'shop' }, steadyShares: { red: 500, black: 500 }, pinned: [] }),
    setWeights: () => ({
      shares: { red: 100, black: 0 },
      expected: weights,
      ...reason,
      forced: false,
      minHealthyTargets: 1,
    }),
    createBackend: (again) => ({
      routeId: route.id,
      clusterId: clusters[0]!.id,
      name: again,
      namespace: 'red-ns',
      service: 'red-service',
      port: 80,
      targetGroupArn: red!.targetGroupArn,
    }),
    createBinding: () => ({
      backendId: black!.id,
      networking: { securityGroupIds: network.securityGroups, port: 80 },
      force: false,
    }),
    createLoadBalancer: (again) => ({
      ...where,
      name: again,
      scheme: 'internal',
      subnets: network.subnets,
      securityGroups: network.securityGroups,
    }),
    createTargetGroup: (again) => ({
      ...where,
      name: again,
      protocol: 'HTTP',
      port: 80,
      targetType: 'ip',
      vpcId: network.vpcId,
      healthCheck: { path: '/', intervalSeconds: 5, timeoutSeconds: 2, healthyThreshold: 2, unhealthyThreshold: 2 },
      clusterId: clusters[0]!.id,
    }),
    createListener: () => ({ ...where, loadBalancerArn: arnOf(':loadbalancer/'), port: 81, protocol: 'HTTP', weights }),
    createRule: () => ({
      ...where,
      listenerArn: route.arn,
      priority: 10,
      conditions: { hosts: ['shop.example.com'], paths: ['/shop/*'] },
      weights,
    }),
    cleanUpProject: () => ({ digest: '0'.repeat(64) }),
    createPlan: (again) => ({ projectId: project.id, name: again, spec }),
    createPlanVersion: () => ({ spec }),
    createRollout: (again) => ({
      projectId: project.id,
      planId: plan.id,
      planVersion: 1,
      name: again,
      startAt,
      forced: { ...reason },
    }),
    createToken: (again) => ({ projectId: project.id, name: again, role: 'viewer', expiresAt: startAt }),
  };
  const verbs = ['start', 'cancel', 'pause', 'resume', 'advance', 'abort', 'rollback', 'adopt', 'reassert'].map(
    (verb) => `${verb}Rollout`,
  );
  return {
    ids,
    bodyFor: (id, again) =>
      verbs.includes(id) ? { ...reason, stepIndex: 0, routeIds: [route.id], force: false } : bodies[id]?.(again),
  };
}
