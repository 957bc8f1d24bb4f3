import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rollout } from '@sluice/contracts';
import { eventually } from '@sluice/testing';
import { startTestService, type TestService } from '../testing/test-service.js';
import { blueGreen, type World } from '../testing/world.js';

const routeCount = 100;
const mostBytes = 30 * 1024;
const steps = [
  { shares: { red: 90, black: 10 }, holdMs: 100 },
  { shares: { red: 50, black: 50 }, holdMs: 100 },
  { shares: { red: 0, black: 100 }, holdMs: 600_000 },
];
const plentiful = { modifyPerSecond: 50, modifyBurst: 200, readPerSecond: 100, readBurst: 200 };
const hex = (bytes: number) => randomBytes(bytes).toString('hex');

describe('a rollout over a hundred routes', () => {
  let service: TestService;
  let world: World;
  let rolloutId: string;
  beforeAll(async () => {
    service = await startTestService({ role: 'all' });
    world = await blueGreen(service);
    await service.admin.accounts.update(world.account.id, { apiBudget: plentiful });
    for (let i = 1; i < routeCount; i++) await addRoute(i);
    const { plan } = await service.admin.plans.create({
      projectId: world.project.id,
      name: 'cluster upgrade',
      spec: {
        routes: { kind: 'labels', labels: { app: 'shop' } },
        steps: { kind: 'explicit', steps },
        settleMs: 0,
      },
    });
    rolloutId = (await service.admin.rollouts.create({ projectId: world.project.id, planId: plan.id })).id;
  }, 120_000);
  afterAll(() => service.close());

  /** With names and ARNs as AWS makes them: what is random in them can't be compressed. */
  async function addRoute(i: number): Promise<void> {
    const { project, account, blue, green } = world;
    const group = (side: string) =>
      `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop-${i}-${side}/${hex(8)}`;
    const groups = { red: group('red'), black: group('black') };
    const arn = service.aws.addRoute({
      kind: 'rule',
      weights: [
        { targetGroupArn: groups.red, weight: 100 },
        { targetGroupArn: groups.black, weight: 0 },
      ],
    });
    const route = await service.admin.routes.create({
      projectId: project.id,
      accountId: account.id,
      name: `catalog-web-${i}`,
      arn,
      labels: { app: 'shop' },
    });
    for (const [name, clusterId] of [
      ['red', blue.id],
      ['black', green.id],
    ] as const)
      await service.admin.backends.create({
        routeId: route.id,
        clusterId,
        name,
        namespace: 'shop',
        service: `catalog-web-${i}`,
        port: 80,
        targetGroupArn: groups[name],
      });
  }

  /** Everything that the dashboard asks for to show it, as it goes over the wire to a browser, headers left out. */
  async function pageBytes(): Promise<{ total: number; byPath: Record<string, number> }> {
    const paths = [
      '/v1/whoami',
      '/v1/projects?limit=200',
      `/v1/rollouts/${rolloutId}`,
      `/v1/rollouts/${rolloutId}/progress`,
      `/v1/accounts/${world.account.id}/gateway`,
    ];
    const sizes = await Promise.all(paths.map((path) => bytesOf(service, path)));
    const byPath = Object.fromEntries(paths.map((path, i) => [path.replace(rolloutId, '{id}'), sizes[i] ?? 0]));
    return { total: sizes.reduce((sum, bytes) => sum + bytes, 0), byPath };
  }
  const until = (sentence: string, holds: (rollout: Rollout) => boolean) =>
    eventually(
      sentence,
      async () => {
        const rollout = await service.admin.rollouts.get(rolloutId);
        return holds(rollout) ? rollout : null;
      },
      { timeoutMs: 60_000 },
    );

  it('has a page of at most 30 KB on the wire, in the middle of a step and after the last one', async () => {
    await until('a step being written', ({ routes }) => routes.some(({ write }) => write !== null));
    const writing = await pageBytes();
    await until('the last hold', ({ stepIndex, verifiedAt }) => stepIndex === 2 && verifiedAt !== null);
    const held = await pageBytes();
    for (const { total, byPath } of [writing, held])
      expect({ fits: total <= mostBytes, byPath }).toMatchObject({ fits: true });
  }, 120_000);

  it("shows what is spent of AWS's limits, as the gateway's owner publishes it", async () => {
    const { gateway } = await service.admin.accounts.gateway(world.account.id);
    expect(gateway).toMatchObject({ budget: plentiful, accountCount: 1, isOwned: true });
    const { reads, writes, lookEveryMs } = gateway!.spending!;
    expect([reads.allowedPerSecond, writes.allowedPerSecond]).toEqual([100, 50]);
    expect(reads.perSecond).toBeGreaterThan(0);
    expect(writes.perSecond).toBeGreaterThan(0);
    expect(lookEveryMs).toBeGreaterThanOrEqual(100);
  });

  it("shows one route's course without the others'", async () => {
    const { points, intents, decisions } = await service.admin.rollouts.timeline(rolloutId, {
      routeId: world.route.id,
    });
    expect(new Set([...points, ...intents].map(({ routeId }) => routeId))).toEqual(new Set([world.route.id]));
    expect(decisions.flatMap(({ changes }) => changes)).toHaveLength(steps.length);
    const { points: all } = await service.admin.rollouts.progress(rolloutId);
    expect(all.filter(({ kind }) => kind === 'verified').at(-1)?.shares).toEqual({ red: 0, black: 1000 });
  });

  it('says on which route targets are ill, though all are verified', async () => {
    service.aws.setHealth(world.black.targetGroupArn, { unhealthy: 2 });
    const { routes } = await until('the ill one', (rollout) => rollout.routes.some(({ ill }) => ill.length > 0));
    expect(routes.flatMap(({ routeId, ill }) => ill.map((one) => ({ routeId, ...one })))).toEqual([
      { routeId: world.route.id, backend: 'black', healthy: 0, total: 2 },
    ]);
  });
});

function bytesOf({ url, adminToken }: TestService, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${adminToken}`, 'accept-encoding': 'gzip, deflate, br' };
    http
      .get(`${url}${path}`, { headers }, (reply) => {
        let bytes = 0;
        reply.on('data', (chunk: Buffer) => (bytes += chunk.length));
        reply.on('end', () =>
          reply.statusCode === 200
            ? resolve(bytes)
            : reject(new Error(`${path} was answered ${String(reply.statusCode)}`)),
        );
        reply.on('error', reject);
      })
      .on('error', reject);
  });
}
