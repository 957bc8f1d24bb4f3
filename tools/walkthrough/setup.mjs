// Everything that has to stand before traffic can move: made over the REST API, as anybody would.
import { readFileSync } from 'node:fs';
import { sleep, waitUntil } from '../lib/processes.mjs';
import { ToolError, say } from '../lib/say.mjs';
import { findNetwork, urlOfListener, whichAccount } from './aws.mjs';
import { applyService } from './kubernetes.mjs';

const SIDES = [
  { backend: 'red', cluster: 'blue-2025', namespace: 'red-ns', service: 'red-service', weight: 100 },
  { backend: 'black', cluster: 'green-2026', namespace: 'black-ns', service: 'black-service', weight: 0 },
];
const SERVICE_PORT = 80;
const HOLD_MS = 8_000;
const STEPS = [
  { red: 100, black: 0 },
  { red: 90, black: 10 },
  { red: 50, black: 50 },
  { red: 0, black: 100 },
];
const HEALTH_CHECK = { path: '/', intervalSeconds: 5, timeoutSeconds: 2, healthyThreshold: 2, unhealthyThreshold: 2 };
const HEALTHY_WITHIN_MS = 90_000;

/**
 * Makes a project of its own and all in it; gives `{ project, route, plan, alb }` (`alb`: where requests go). Each step
 * of the plan is held for `holdMs`.
 */
export async function setUp({ rest, access, sandbox, signal, holdMs = HOLD_MS }) {
  const run = new Date().toISOString().replace(/\D/g, '').slice(2, 14);
  const project = await rest.post('/projects', { name: `upgrade-${run}` });
  say(`project ${project.name}`);
  const account = await addAccount(rest, access, project);
  const network = await findNetwork(access.aws);
  const sides = [];
  for (const side of SIDES) sides.push(await addSide(rest, { side, run, project, account, network, access, sandbox }));
  const { listener, route } = await addRoute(rest, { run, project, account, network, sides });
  const alb = await urlOfListener(access.aws, listener.arn);
  say(`the load balancer listens at ${alb}`);
  for (const side of sides) await addBackend(rest, route, side);
  await targetsHealthy(rest, route, signal);
  const plan = await rest.post('/plans', {
    projectId: project.id,
    name: 'blue/green upgrade',
    spec: planSpec(route, holdMs),
  });
  return { project, route, plan: plan.plan, alb };
}

async function addAccount(rest, { aws }, project) {
  const { endpoint, region, accessKeyId, secretAccessKey } = aws;
  const account = await rest.post('/accounts', {
    projectId: project.id,
    name: 'sandbox',
    awsAccountId: await whichAccount(aws),
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
  });
  const check = await rest.post(`/accounts/${account.id}:check`);
  if (!check.ok) throw new ToolError(`the account cannot be used: ${check.message} ${check.advice ?? ''}`);
  say(`account ${account.awsAccountId} in ${region}: ${check.message}`);
  return account;
}

async function addSide(rest, { side, run, project, account, network, access, sandbox }) {
  await applyService(access.clusters[side.cluster], {
    namespace: side.namespace,
    name: side.service,
    port: SERVICE_PORT,
  });
  const cluster = await rest.post('/clusters', {
    projectId: project.id,
    accountId: account.id,
    name: side.cluster,
    kubeconfig: readFileSync(sandbox.sluiceClusters[side.cluster], 'utf8'),
  });
  const check = await rest.post(`/clusters/${cluster.id}:check`);
  if (!check.ok) throw new ToolError(`cluster ${side.cluster} cannot be used: ${check.message} ${check.advice ?? ''}`);
  say(`cluster ${side.cluster}: ${check.message}`);
  const targetGroup = await rest.post('/target-groups', {
    projectId: project.id,
    accountId: account.id,
    name: `${side.backend}-${run}`,
    protocol: 'HTTP',
    port: SERVICE_PORT,
    targetType: 'ip',
    vpcId: network.vpcId,
    healthCheck: HEALTH_CHECK,
    clusterId: cluster.id,
  });
  return { ...side, clusterId: cluster.id, targetGroupArn: targetGroup.arn };
}

async function addRoute(rest, { run, project, account, network, sides }) {
  const where = { projectId: project.id, accountId: account.id };
  const loadBalancer = await rest.post('/load-balancers', {
    ...where,
    name: `shop-${run}`,
    scheme: 'internet-facing',
    subnets: network.subnets,
    securityGroups: network.securityGroups,
  });
  const weights = sides.map(({ targetGroupArn, weight }) => ({ targetGroupArn, weight }));
  const listener = await rest.post('/listeners', {
    ...where,
    loadBalancerArn: loadBalancer.arn,
    port: 80,
    protocol: 'HTTP',
    weights,
  });
  const route = await rest.post('/routes', { ...where, name: 'shop', arn: listener.arn, labels: { app: 'shop' } });
  return { listener, route };
}

async function addBackend(rest, route, side) {
  const { backend } = await rest.post('/backends', {
    routeId: route.id,
    clusterId: side.clusterId,
    name: side.backend,
    namespace: side.namespace,
    service: side.service,
    port: SERVICE_PORT,
    targetGroupArn: side.targetGroupArn,
  });
  const { binding, outcome } = await rest.post('/bindings', { backendId: backend.id });
  if (outcome.result !== 'applied')
    throw new ToolError(`the binding of ${side.backend} was refused: ${outcome.message} ${outcome.way}`);
  say(
    `backend ${side.backend}: ${side.namespace}/${side.service} in ${side.cluster}, TargetGroupBinding ${binding.name} applied`,
  );
}

/** The pods register through the controllers of their clusters, then the load balancer's health checks have to pass. */
async function targetsHealthy(rest, route, signal) {
  let before = '';
  await waitUntil(
    'healthy targets in both target groups',
    async () => {
      signal.throwIfAborted();
      // nobody watches the health of a route that no rollout moves
      const { backends } = await rest.get(`/routes/${route.id}/target-health?fresh=true`);
      const now = backends
        .map(({ name, health }) => `${name} ${health?.healthy ?? '?'}/${health?.total ?? '?'}`)
        .join(', ');
      if (now !== before) say(`healthy targets: ${now}`);
      before = now;
      const ready =
        backends.length === SIDES.length &&
        backends.every(({ health }) => health?.total > 0 && health.healthy === health.total);
      if (!ready) await sleep(1_000);
      return ready;
    },
    { timeoutMs: HEALTHY_WITHIN_MS },
  );
}

const planSpec = (route, holdMs) => ({
  routes: { kind: 'ids', ids: [route.id] },
  steps: {
    kind: 'explicit',
    steps: STEPS.map((shares) => ({ name: `${shares.red}/${shares.black}`, shares, holdMs })),
  },
  minHealthyTargets: 1,
  settleMs: 2_000,
  bakeMs: 600_000,
});
