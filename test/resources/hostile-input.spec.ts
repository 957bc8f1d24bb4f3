import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { ExternalFailure, type PlanSpecInput } from '@sluice/control';
import { Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed } from '@sluice/domain';
import fc from 'fast-check';
import { admin, createResourceWorld, type ResourceWorld } from './resource-world.js';

const expected = [Conflict, ExternalFailure, Forbidden, InvalidInput, NotFound, PreconditionFailed];
/** Anything a JSON body can hold where a text belongs: NUL, lone surrogates, very long, SQL, other scripts. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    'x'.repeat(100_000),
    "'; DROP TABLE projects; --",
    '__proto__',
    'constructor',
    'ﷺ',
    '1e999',
    '../..',
    'a'.repeat(64),
  ),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, -1, 2 ** 31, 2 ** 53, 1e308, Number.NaN, Number.POSITIVE_INFINITY),
);
const texts = fc.array(text, { maxLength: 7 });
const labels = fc.dictionary(text, text, { maxKeys: 4 });

describe('whatever is sent', () => {
  let world: ResourceWorld;
  let home: { projectId: string; accountId: string };
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('hostile');
  });
  afterAll(() => world.close());

  /** Runs 60 inputs; each is stored or answered by an error that the API has a 4xx for. */
  function isAnswered<T>(arbitrary: fc.Arbitrary<T>, call: (value: T) => Promise<unknown>): Promise<void> {
    return fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        try {
          await call(value);
        } catch (error) {
          if (!expected.some((kind) => error instanceof kind)) throw error;
        }
      }),
      { numRuns: 60 },
    );
  }

  it('ids and cursors', () =>
    isAnswered(fc.record({ id: text, cursor: text, version: number }), async ({ id, cursor, version }) => {
      const { projects, accounts, clusters, routes, backends, bindings, plans, tokens, provisioning } = world.resources;
      const page = { limit: 5, cursor };
      const calls = [
        () => projects.get(admin, id),
        () => accounts.get(admin, id),
        () => clusters.get(admin, id),
        () => routes.live(admin, id),
        () => backends.get(admin, id),
        () => bindings.remove(admin, id),
        () => plans.getVersion(admin, id, version),
        () => tokens.revoke(admin, id),
        () => tokens.authenticate(id),
        () => provisioning.cleanUp(admin, id),
        () => projects.list(admin, page),
        () => routes.list(admin, { projectId: id }, page),
        () => clusters.list(admin, { labels: { [id]: id } }, page),
        () => bindings.list(admin, { routeId: id }, page),
      ];
      for (const call of calls) {
        await call().catch((error: unknown) => {
          if (!expected.some((kind) => error instanceof kind)) throw error;
        });
      }
    }));

  it('projects and tokens', async () => {
    await isAnswered(text, (name) => world.resources.projects.create(admin, { name }));
    await isAnswered(fc.record({ name: text, expiresAt: text }), (input) =>
      world.resources.tokens.create(admin, { ...input, role: 'viewer' }),
    );
  });

  it('accounts', () =>
    isAnswered(
      fc.record(
        {
          name: text,
          awsAccountId: text,
          region: text,
          endpoint: text,
          roleArn: text,
          credentials: fc.record({ accessKeyId: text, secretAccessKey: text }),
          apiBudget: fc.record(
            { modifyPerSecond: number, modifyBurst: number, readPerSecond: number, readBurst: number },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ['name', 'awsAccountId', 'region'] },
      ),
      (input) => world.resources.accounts.create(admin, { ...home, ...input }),
    ));

  it('clusters', async () => {
    await isAnswered(
      fc.record({
        name: text,
        labels,
        server: text,
        caPem: text,
        tlsServerName: text,
        credentials: fc.oneof(
          fc.record({ token: text }),
          fc.record({ reference: text }),
          fc.record({ clientCertificate: text, clientKey: text }),
        ),
      }),
      (input) => world.resources.clusters.create(admin, { ...home, ...input }),
    );
    await isAnswered(fc.record({ name: text, kubeconfig: text }), (input) =>
      world.resources.clusters.create(admin, { ...home, ...input }),
    );
  });

  it('routes and backends', async () => {
    await isAnswered(fc.record({ name: text, arn: text, labels, pinned: texts }), (input) =>
      world.resources.routes.register(admin, { ...home, ...input }),
    );
    const arn = world.loadBalancer.addRoute({
      weights: [{ targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/h/0', weight: 1 }],
    });
    const { id } = await world.resources.routes.register(admin, { ...home, name: 'real', arn });
    await isAnswered(
      fc.record(
        { labels, pinned: texts, steadyShares: fc.dictionary(text, number, { maxKeys: 3 }) },
        { requiredKeys: [] },
      ),
      (patch) => world.resources.routes.update(admin, id, patch),
    );
    const clusterId = await world.cluster(home, 'real');
    await isAnswered(
      fc.record({ name: text, namespace: text, service: text, port: fc.oneof(text, number), targetGroupArn: text }),
      (input) => world.resources.backends.create(admin, { routeId: id, clusterId, ...input }),
    );
  });

  it('plans', () =>
    isAnswered(
      fc.record({
        name: text,
        spec: fc.record({
          routes: fc.oneof(
            fc.record({ kind: fc.constant('ids' as const), ids: texts }),
            fc.record({ kind: fc.constant('labels' as const), labels }),
          ),
          steps: fc.record({
            kind: fc.constant('explicit' as const),
            steps: fc.array(
              fc.record({ name: text, shares: fc.dictionary(text, number, { maxKeys: 3 }), holdMs: number }),
              { maxLength: 3 },
            ),
          }),
          settleMs: number,
          bakeMs: number,
          minHealthyTargets: number,
        }),
      }),
      ({ name, spec }) =>
        world.resources.plans.create(admin, { projectId: home.projectId, name, spec: spec satisfies PlanSpecInput }),
    ));

  it('provisioning', async () => {
    const weights = fc.array(fc.record({ targetGroupArn: text, weight: number }), { maxLength: 7 });
    await isAnswered(fc.record({ name: text, subnets: texts, securityGroups: texts }), (input) =>
      world.resources.provisioning.createLoadBalancer(admin, { ...home, scheme: 'internal', ...input }),
    );
    await isAnswered(fc.record({ name: text, protocol: text, port: number, vpcId: text }), (input) =>
      world.resources.provisioning.createTargetGroup(admin, { ...home, targetType: 'ip', ...input }),
    );
    await isAnswered(
      fc.record({
        listenerArn: text,
        priority: number,
        weights,
        conditions: fc.record({ hosts: texts, paths: texts }),
      }),
      (input) => world.resources.provisioning.createRule(admin, { ...home, ...input }),
    );
  });
});
