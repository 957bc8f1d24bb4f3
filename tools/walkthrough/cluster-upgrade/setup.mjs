// What stands before the upgrade, in AWS and in the clusters, and all of it in Sluice.
import { inParallel } from '../../lib/in-parallel.mjs';
import { waitUntil } from '../../lib/processes.mjs';
import { say, step } from '../../lib/say.mjs';
import { elbClient, findNetwork, targetsHealthy, urlOfListener, weightsOfRules } from '../aws.mjs';
import { ClusterClient } from '../kubernetes.mjs';
import { HEALTH_CHECK, SERVICE_PORT, addAccount, addBackend, addCluster, addProject, runName } from '../making.mjs';
import { LOAD_BALANCERS, NAMESPACE, SERVICES, SIDES } from './shop.mjs';

const AT_ONCE = 8;
/** Making it all is nobody's lesson: AWS's limits, and ours, come with the upgrade. */
const SETUP_BUDGET = { modifyPerSecond: 50, modifyBurst: 200, readPerSecond: 100, readBurst: 200 };
const ONE_POD = { 'sandbox.sluice.dev/pods': '1' };
const HEALTH_CHECK_SECONDS = 30;

/**
 * @returns `{ project, account, clusters, routes, listeners }`: `clusters` by backend; `routes` as
 *   `[{ id, name, host, arn, url, groups }]`, `groups` by backend
 */
export async function setUp({ rest, access, sandbox, signal }) {
  const run = runName();
  const elb = await elbClient(access.aws);
  try {
    const project = await addProject(rest, `cluster-upgrade-${run}`);
    const account = await addAccount(rest, access, project, SETUP_BUDGET);
    const clusters = {};
    for (const [side, name] of Object.entries(SIDES))
      clusters[side] = await addCluster(rest, {
        name,
        kubeconfigFile: sandbox.sluiceClusters[name],
        project,
        account,
      });
    const [listeners] = await Promise.all([makeListeners(elb, access.aws, run), deploy(access.clusters)]);
    signal.throwIfAborted();
    const rules = await makeRules(elb, access.aws, { listeners, run });
    const routes = await inParallel(rules, AT_ONCE, (rule) => register(rest, { rule, project, account, clusters }));
    say(`${routes.length} routes are registered, each with a backend and a binding in either cluster`);
    await step('waiting for healthy targets', () => ready(elb, listeners, routes, signal));
    return { project, account, clusters, routes, listeners };
  } finally {
    elb.destroy();
  }
}

/** The same Services in both clusters. */
async function deploy(kubeconfigFiles) {
  const services = SERVICES.map(({ name }) => ({ name, port: SERVICE_PORT, annotations: ONE_POD }));
  await Promise.all(
    Object.values(SIDES).map((cluster) =>
      new ClusterClient(kubeconfigFiles[cluster]).applyServices(NAMESPACE, services),
    ),
  );
  say(`${services.length} Services run in ${Object.values(SIDES).join(' and in ')}`);
}

/** Load balancer -> `{ arn, url }` of its listener. */
async function makeListeners({ send }, aws, run) {
  const { subnets, securityGroups } = await findNetwork(aws);
  const made = await inParallel(LOAD_BALANCERS, AT_ONCE, async (name) => {
    const { LoadBalancers } = await send('CreateLoadBalancer', {
      Name: `shop-${name}-${run}`,
      Subnets: subnets,
      SecurityGroups: securityGroups,
    });
    const { Listeners } = await send('CreateListener', {
      LoadBalancerArn: LoadBalancers[0].LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    });
    const arn = Listeners[0].ListenerArn;
    return [name, { arn, url: await urlOfListener(aws, arn) }];
  });
  for (const [name, { url }] of made) say(`load balancer ${name} listens at ${url}`);
  return Object.fromEntries(made);
}

/** A rule per Service, all of its requests going to the old cluster, and a target group for the new one. */
async function makeRules({ send }, aws, { listeners, run }) {
  const { vpcId } = await findNetwork(aws);
  const makeGroup = async (name) => {
    const { TargetGroups } = await send('CreateTargetGroup', {
      Name: name,
      Protocol: 'HTTP',
      Port: SERVICE_PORT,
      VpcId: vpcId,
      TargetType: 'ip',
      HealthCheckPath: HEALTH_CHECK.path,
      HealthCheckIntervalSeconds: HEALTH_CHECK_SECONDS,
      HealthCheckTimeoutSeconds: HEALTH_CHECK.timeoutSeconds,
      HealthyThresholdCount: HEALTH_CHECK.healthyThreshold,
      UnhealthyThresholdCount: HEALTH_CHECK.unhealthyThreshold,
    });
    return TargetGroups[0].TargetGroupArn;
  };
  return inParallel(SERVICES, AT_ONCE, async ({ name, host, loadBalancer }, index) => {
    const groups = {};
    for (const side of Object.keys(SIDES)) groups[side] = await makeGroup(`${name}-${side[0]}-${run}`);
    const { arn: ListenerArn, url } = listeners[loadBalancer];
    const { Rules } = await send('CreateRule', {
      ListenerArn,
      Priority: index + 1,
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [host] } }],
      Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: groups.blue, Weight: 100 }] } }],
    });
    return { name, host, url, arn: Rules[0].RuleArn, groups, loadBalancer };
  });
}

async function register(rest, { rule, project, account, clusters }) {
  const { name, arn, groups, loadBalancer } = rule;
  const route = await rest.post('/routes', {
    projectId: project.id,
    accountId: account.id,
    name,
    arn,
    labels: { app: 'shop', 'load-balancer': loadBalancer },
  });
  for (const [side, cluster] of Object.entries(clusters))
    await addBackend(rest, {
      route,
      cluster,
      name: side,
      namespace: NAMESPACE,
      service: name,
      targetGroupArn: groups[side],
    });
  return { ...rule, id: route.id };
}

/** The new target groups attached at weight 0, and every target healthy. */
async function ready(elb, listeners, routes, signal) {
  const listenerArns = Object.values(listeners).map(({ arn }) => arn);
  await waitUntil(
    'every new target group attached',
    async () => {
      signal.throwIfAborted();
      const weights = await weightsOfRules(elb, listenerArns);
      return routes.every(({ arn, groups }) =>
        weights.get(arn)?.some(({ targetGroupArn }) => targetGroupArn === groups.green),
      );
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
  await targetsHealthy(
    elb,
    routes.flatMap(({ groups }) => Object.values(groups)),
    { signal },
  );
}
