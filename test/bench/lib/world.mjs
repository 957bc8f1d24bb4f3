// A cluster upgrade to be: routes over a few load balancers, for each the target group of the old cluster (all weight) and
// that of the new one (none), healthy targets behind both, and all of it registered in Sluice over REST.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { elbClient, findNetwork, targetsHealthy } from '../../../tools/walkthrough/aws.mjs';
import { inParallel } from './rest.mjs';

/** An ALB takes 100 target groups; each route needs two. */
const ROUTES_PER_LOAD_BALANCER = 50;
const LOAD_BALANCERS = 3;
const AT_ONCE = 8;
const SERVICE = { namespace: 'shop', service: 'shop', port: 80 };

/** The project and the clusters `old` and `new`; routes are added by `addRoutes`. */
export class World {
  #installation;
  #targets;
  #healthCheckSeconds;
  #made = 0;
  project;
  clusters;

  /** `healthCheckSeconds`: how often the sandbox checks each target; thousands of them want it less often. */
  static async create(installation, { healthCheckSeconds = 10 } = {}) {
    const world = new World();
    world.#installation = installation;
    world.#healthCheckSeconds = healthCheckSeconds;
    world.#targets = await serveTargets();
    const { rest } = installation;
    world.project = await rest.post('/projects', { name: 'upgrade' });
    return world;
  }

  close() {
    this.#targets.closeAllConnections();
    this.#targets.close();
  }

  /** An account record of that number; the first one also gets the clusters. `apiBudget`: as the API takes it. */
  async addAccount(number, apiBudget) {
    const { rest, sandbox } = this.#installation;
    const { endpoint, region } = sandbox.aws;
    const { accessKeyId, secretAccessKey } = sandbox.accounts[number];
    const account = await rest.post('/accounts', {
      projectId: this.project.id,
      name: `account-${number}`,
      awsAccountId: number,
      region,
      endpoint,
      credentials: { accessKeyId, secretAccessKey },
      ...(apiBudget === undefined ? {} : { apiBudget }),
    });
    this.clusters ??= await this.#addClusters(account);
    return { ...account, aws: { endpoint, region, accessKeyId, secretAccessKey } };
  }

  async #addClusters(account) {
    const { rest, sandbox } = this.#installation;
    const files = Object.values(sandbox.sluiceClusters);
    const names = ['old', 'new'];
    return Promise.all(
      names.map((name, index) =>
        rest.post('/clusters', {
          projectId: this.project.id,
          accountId: account.id,
          name,
          kubeconfig: readFileSync(files[index], 'utf8'),
        }),
      ),
    );
  }

  /**
   * Makes routes in AWS and in Sluice and waits until every target is healthy. The account's limits should be generous
   * meanwhile.
   * @returns `[{ id, name, arn, groups: [old, new] }]`
   */
  async addRoutes(account, count) {
    const elb = await elbClient(account.aws);
    try {
      const rules = await this.#makeRules(elb, account, count);
      await targetsHealthy(
        elb,
        rules.flatMap((rule) => rule.groups),
      );
      return await inParallel(rules, AT_ONCE, (rule) => this.#register(account, rule));
    } finally {
      elb.destroy();
    }
  }

  async #makeRules({ send }, account, count) {
    const { vpcId, subnets } = await findNetwork(account.aws);
    const loadBalancers = Math.min(count, Math.max(LOAD_BALANCERS, Math.ceil(count / ROUTES_PER_LOAD_BALANCER)));
    const run = (this.#made += 1);
    const listeners = await inParallel([...Array(loadBalancers).keys()], AT_ONCE, async (index) => {
      const { LoadBalancers } = await send('CreateLoadBalancer', { Name: `edge-${run}-${index}`, Subnets: subnets });
      const { Listeners } = await send('CreateListener', {
        LoadBalancerArn: LoadBalancers[0].LoadBalancerArn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
      });
      return Listeners[0].ListenerArn;
    });
    return inParallel([...Array(count).keys()], AT_ONCE, async (index) => {
      const name = `shop-${run}-${index}`;
      const groups = await Promise.all(
        ['old', 'new'].map((side) => this.#makeGroup(send, { name: `${name}-${side}`, vpcId })),
      );
      const { Rules } = await send('CreateRule', {
        ListenerArn: listeners[index % listeners.length],
        Priority: Math.floor(index / listeners.length) + 1,
        Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [`${name}.example.com`] } }],
        Actions: [
          {
            Type: 'forward',
            ForwardConfig: {
              TargetGroups: groups.map((TargetGroupArn, side) => ({ TargetGroupArn, Weight: side === 0 ? 100 : 0 })),
            },
          },
        ],
      });
      return { name, arn: Rules[0].RuleArn, groups };
    });
  }

  async #makeGroup(send, { name, vpcId }) {
    const { TargetGroups } = await send('CreateTargetGroup', {
      Name: name,
      Protocol: 'HTTP',
      Port: 80,
      VpcId: vpcId,
      TargetType: 'ip',
      HealthCheckIntervalSeconds: this.#healthCheckSeconds,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
    });
    const arn = TargetGroups[0].TargetGroupArn;
    await send('RegisterTargets', { TargetGroupArn: arn, Targets: [{ Id: await this.#address(), Port: 80 }] });
    return arn;
  }

  /** Every target has an address of its own and the same server behind it. */
  #addresses = 0;
  async #address() {
    const number = (this.#addresses += 1);
    const address = `10.0.${10 + (number >> 8)}.${number & 255}`;
    const { port } = this.#targets.address();
    const reply = await fetch(`${this.#installation.sandbox.network}/network/endpoints/${address}:80`, {
      method: 'PUT',
      body: JSON.stringify({ host: '127.0.0.1', port }),
    });
    if (!reply.ok) throw new Error(`the network registry answered ${reply.status}: ${await reply.text()}`);
    return address;
  }

  async #register(account, { name, arn, groups }) {
    const { rest } = this.#installation;
    const route = await rest.post('/routes', {
      projectId: this.project.id,
      accountId: account.id,
      name,
      arn,
      labels: { app: 'shop' },
    });
    for (const [side, cluster] of this.clusters.entries())
      await rest.post('/backends', {
        routeId: route.id,
        clusterId: cluster.id,
        name: cluster.name,
        ...SERVICE,
        targetGroupArn: groups[side],
      });
    return { id: route.id, name, arn, groups };
  }

  /** A plan that moves the routes to the new cluster in `steps` equal steps. */
  addPlan(name, routes, { steps, holdMs }) {
    return this.addPlanOf(name, routes, { kind: 'linear', to: { old: 0, new: 100 }, count: steps, holdMs });
  }

  /** @param steps as the API takes them */
  async addPlanOf(name, routes, steps) {
    const { plan } = await this.#installation.rest.post('/plans', {
      projectId: this.project.id,
      name,
      spec: { routes: { kind: 'ids', ids: routes.map((route) => route.id) }, steps, settleMs: 0 },
    });
    return plan;
  }
}

function serveTargets() {
  const server = http.createServer((_request, response) => response.end('ok'));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
