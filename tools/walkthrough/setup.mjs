// Everything that has to stand before traffic can move: made over the REST API, as anybody would.
import { sleep, waitUntil } from '../lib/processes.mjs';
import { say } from '../lib/say.mjs';
import { findNetwork, urlOfListener } from './aws.mjs';
import { ClusterClient } from './kubernetes.mjs';
import { HEALTH_CHECK, SERVICE_PORT, addAccount, addBackend, addCluster, addProject, runName } from './making.mjs';

const SIDES = [
  { backend: 'red', cluster: 'blue-2025', namespace: 'red-ns', service: 'red-service', weight: 100 },
  { backend: 'black', cluster: 'green-2026', namespace: 'black-ns', service: 'black-service', weight: 0 },
];
const HOLD_MS = 8_000;
const STEPS = [
  { red: 100, black: 0 },
  { red: 90, black: 10 },
  { red: 50, black: 50 },
  { red: 0, black: 100 },
];
const HEALTHY_WITHIN_MS = 90_000;

/**
 * Makes a project of its own and all in it; gives `{ project, route, plan, alb }` (`alb`: where requests go). Each step
 * of the plan is held for `holdMs`.
 */
export async function setUp({ rest, access, sandbox, signal, holdMs = HOLD_MS }) {
  const run = runName();
  const project = await addProject(rest, `upgrade-${run}`);
  const account = await addAccount(rest, access, project);
  const network = await findNetwork(access.aws);
  const sides = [];
  for (const side of SIDES) sides.push(await addSide(rest, { side, run, project, account, network, access, sandbox }));
  const { listener, route } = await addRoute(rest, { run, project, account, network, sides });
  const alb = await urlOfListener(access.aws, listener.arn);
  say(`the load balancer listens at ${alb}`);
  for (const side of sides) await addSideOf(rest, route, side);
  await targetsHealthy(rest, route, signal);
  const plan = await rest.post('/plans', {
    projectId: project.id,
    name: 'blue/green upgrade',
    spec: planSpec(route, holdMs),
  });
  return { project, route, plan: plan.plan, alb };
}

async function addSide(rest, { side, run, project, account, network, access, sandbox }) {
  const { namespace, service: name } = side;
  await new ClusterClient(access.clusters[side.cluster]).applyServices(namespace, [{ name, port: SERVICE_PORT }]);
  const kubeconfigFile = sandbox.sluiceClusters[side.cluster];
  const cluster = await addCluster(rest, { name: side.cluster, kubeconfigFile, project, account });
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
  return { ...side, registered: cluster, targetGroupArn: targetGroup.arn };
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

async function addSideOf(rest, route, { backend: name, registered, namespace, service, cluster, targetGroupArn }) {
  const binding = await addBackend(rest, { route, cluster: registered, name, namespace, service, targetGroupArn });
  say(`backend ${name}: ${namespace}/${service} in ${cluster}, TargetGroupBinding ${binding} applied`);
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
