import type { Account, Backend, Cluster, Project, Route, SluiceClient } from '@sluice/contracts';
import { certificateAuthority } from '@sluice/testing';
import type { TestService } from './test-service.js';

export interface World {
  readonly project: Project;
  readonly account: Account;
  readonly blue: Cluster;
  readonly green: Cluster;
  readonly route: Route;
  readonly red: Backend;
  readonly black: Backend;
}

const listener = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup';
let made = 0;

/** Two clusters behind one listener: red has everything, black is attached at 0; all targets healthy. */
export async function blueGreen(service: TestService, client: SluiceClient = service.admin): Promise<World> {
  made += 1;
  const [redArn, blackArn] = [`${listener}/red-${made}/0123456789abcdef`, `${listener}/black-${made}/0123456789abcdef`];
  const arn = service.aws.addRoute({
    weights: [
      { targetGroupArn: redArn, weight: 100 },
      { targetGroupArn: blackArn, weight: 0 },
    ],
  });
  const healthy = { healthy: 2, initial: 0, unhealthy: 0, draining: 0, unused: 0, unavailable: 0 };
  service.aws.setHealth(redArn, healthy);
  service.aws.setHealth(blackArn, healthy);
  const project = await client.projects.create({ name: `shop ${made}` });
  const account = await client.accounts.create({
    projectId: project.id,
    name: 'production',
    awsAccountId: '000000000000',
    region: 'eu-west-1',
    credentials: null,
  });
  const { caPem } = await certificateAuthority();
  const cluster = (name: string) =>
    client.clusters.create({
      projectId: project.id,
      accountId: account.id,
      name,
      server: 'https://10.0.0.10:6443',
      caPem,
      credentials: { token: 'secret-token-of-the-cluster' },
    });
  const [blue, green] = [await cluster('blue-2025'), await cluster('green-2026')];
  const route = await client.routes.create({
    projectId: project.id,
    accountId: account.id,
    name: 'shop',
    arn,
    labels: { app: 'shop' },
  });
  const backend = async (name: string, clusterId: string, targetGroupArn: string) =>
    (
      await client.backends.create({
        routeId: route.id,
        clusterId,
        name,
        namespace: `${name}-ns`,
        service: `${name}-service`,
        port: 80,
        targetGroupArn,
      })
    ).backend;
  return {
    project,
    account,
    blue,
    green,
    route,
    red: await backend('red', blue.id, redArn),
    black: await backend('black', green.id, blackArn),
  };
}

/** The plan of a blue/green upgrade with holds that a test can wait for. */
export async function upgradePlan(client: SluiceClient, world: World, holdMs = 100) {
  return client.plans.create({
    projectId: world.project.id,
    name: 'blue/green upgrade',
    spec: {
      routes: { kind: 'ids', ids: [world.route.id] },
      steps: {
        kind: 'explicit',
        steps: [
          { shares: { red: 90, black: 10 }, holdMs },
          { shares: { red: 0, black: 100 }, holdMs },
        ],
      },
      settleMs: 0,
    },
  });
}
