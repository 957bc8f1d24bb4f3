import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlanSpecInput } from '@sluice/control';
import { admin, createResourceWorld, errorOf, firstPage, type ResourceWorld } from './resource-world.js';

const tg = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/red/0123456789abcdef';

describe('plans, tokens and idempotency keys', () => {
  let world: ResourceWorld;
  let projectId: string;
  let routeId: string;
  beforeAll(async () => {
    world = await createResourceWorld();
    const home = await world.project('plans');
    projectId = home.projectId;
    routeId = (
      await world.resources.routes.register(admin, {
        ...home,
        name: 'shop',
        arn: world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg, weight: 1 }] }),
      })
    ).id;
  });
  afterAll(() => world.close());

  const spec = (): PlanSpecInput => ({
    routes: { kind: 'ids', ids: [routeId] },
    steps: { kind: 'explicit', steps: [{ shares: { red: 0, black: 100 }, holdMs: 1000 }] },
  });

  describe('a plan', () => {
    it('has defaults where nothing was said, and its versions never change', async () => {
      const { plan, version } = await world.resources.plans.create(admin, { projectId, name: 'upgrade', spec: spec() });
      expect(version).toMatchObject({
        version: 1,
        spec: {
          schemaVersion: 1,
          minHealthyTargets: 1,
          settleMs: 60_000,
          maxFactAgeMs: null,
          onHealthLost: 'block',
          bakeMs: 3_600_000,
        },
      });
      const second = await world.resources.plans.newVersion(admin, plan.id, { ...spec(), settleMs: 5 });
      expect(second).toMatchObject({
        plan: { latestVersion: 2, version: 2 },
        version: { version: 2, spec: { settleMs: 5 } },
      });
      expect(await world.resources.plans.getVersion(admin, plan.id, 1)).toEqual(version);
      expect((await world.resources.plans.listVersions(admin, plan.id)).map((one) => one.version)).toEqual([2, 1]);
      expect(await world.resources.plans.get(admin, plan.id)).toEqual(second);
    });

    it('gives two versions made at once two numbers', async () => {
      const { plan } = await world.resources.plans.create(admin, { projectId, name: 'raced', spec: spec() });
      const made = await Promise.all([1, 2, 3].map(() => world.resources.plans.newVersion(admin, plan.id, spec())));
      expect(made.map((one) => one.version.version).sort()).toEqual([2, 3, 4]);
    });

    it('is refused with everything that is wrong in it at once', async () => {
      const bad = JSON.parse(
        '{"routes":{"kind":"ids","ids":[]},"steps":{"kind":"explicit","steps":[{"shares":{"red":50},"holdMs":-1}]},"settleMs":1e300,"onHealthLost":"ignore"}',
      ) as PlanSpecInput;
      const { issues } = await errorOf(world.resources.plans.create(admin, { projectId, name: '', spec: bad }));
      expect(issues?.map((one) => one.field)).toEqual(
        expect.arrayContaining([
          'name',
          'spec.routes.ids',
          'spec.steps.steps.0.shares',
          'spec.steps.steps.0.holdMs',
          'spec.settleMs',
          'spec.onHealthLost',
        ]),
      );
    });

    it('names only routes of its project, and no text that cannot be stored', async () => {
      const stranger = { ...spec(), routes: { kind: 'ids' as const, ids: ['rou_00000000000000000000'] } };
      expect(
        await errorOf(world.resources.plans.create(admin, { projectId, name: 'stranger', spec: stranger })),
      ).toMatchObject({ issues: [{ field: 'spec.routes.ids.0' }] });
      const nul = {
        ...spec(),
        steps: { kind: 'explicit' as const, steps: [{ name: 'a\0', shares: { red: 100 }, holdMs: 0 }] },
      };
      expect(await errorOf(world.resources.plans.create(admin, { projectId, name: 'nul', spec: nul }))).toMatchObject({
        issues: [{ field: 'spec' }],
      });
    });

    it('stays once a rollout has used it', async () => {
      const { plan } = await world.resources.plans.create(admin, { projectId, name: 'used', spec: spec() });
      const unused = await world.resources.plans.create(admin, { projectId, name: 'unused', spec: spec() });
      await world.rollout(routeId, { planId: plan.id });
      expect(await errorOf(world.resources.plans.remove(admin, plan.id))).toMatchObject({ reason: 'PlanInUse' });
      await world.resources.plans.remove(admin, unused.plan.id);
      expect(await errorOf(world.resources.plans.get(admin, unused.plan.id))).toMatchObject({ name: 'NotFound' });
      expect(await errorOf(world.resources.plans.getVersion(admin, plan.id, 1e300))).toMatchObject({
        name: 'NotFound',
      });
    });
  });

  describe('a token', () => {
    it('is made once by whichever replica starts first', async () => {
      const secrets = await Promise.all([1, 2, 3].map(() => world.resources.tokens.ensureFirst()));
      const made = secrets.filter((secret): secret is string => secret !== null);
      expect(made).toHaveLength(1);
      expect(await world.resources.tokens.authenticate(made[0] ?? '')).toMatchObject({
        actor: { kind: 'token', name: 'first' },
        role: 'admin',
        projectId: null,
      });
      expect(await world.resources.tokens.ensureFirst()).toBeNull();
    });

    it('shows its secret once, and the store has only a hash of it', async () => {
      const { token, secret } = await world.resources.tokens.create(admin, { name: 'ci', role: 'operator', projectId });
      expect(secret).toMatch(/^sluice_[A-Za-z0-9_-]{51}$/);
      const { rows } = await world.database.pool.query('SELECT * FROM tokens');
      expect(
        JSON.stringify([rows, token, await world.resources.tokens.list(admin, {}, firstPage), await world.events()]),
      ).not.toContain(secret?.slice(15));
      expect(await world.resources.tokens.authenticate(secret ?? '')).toEqual({
        actor: { kind: 'token', id: token.id, name: 'ci' },
        role: 'operator',
        projectId,
        tokenId: token.id,
      });
    });

    it('works until it is revoked or expires, and any other text never does', async () => {
      const { token, secret } = await world.resources.tokens.create(admin, {
        name: 'short',
        role: 'viewer',
        expiresAt: new Date(world.clock.now() + 1000).toISOString(),
      });
      const other = await world.resources.tokens.create(admin, { name: 'revoked', role: 'viewer' });
      expect(await world.resources.tokens.authenticate(secret ?? '')).not.toBeNull();
      world.clock.pass(1000);
      expect(await world.resources.tokens.authenticate(secret ?? '')).toBeNull();
      await world.resources.tokens.revoke(admin, other.token.id);
      await world.resources.tokens.revoke(admin, other.token.id);
      expect(await world.resources.tokens.authenticate(other.secret ?? '')).toBeNull();
      for (const wrong of [
        '',
        'sluice_',
        '\0',
        `${secret}x`,
        secret?.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')) ?? '',
        'x'.repeat(100_000),
      ]) {
        expect(await world.resources.tokens.authenticate(wrong)).toBeNull();
      }
      expect(token.prefix).toBe(secret?.slice(0, 12));
    });

    it('of one project makes no token beyond it', async () => {
      const { caller } = await world.project('bound');
      expect(
        await errorOf(world.resources.tokens.create(caller, { name: 'all', role: 'admin', projectId: null })),
      ).toMatchObject({ name: 'Forbidden' });
      expect(
        await errorOf(world.resources.tokens.create(caller, { name: 'other', role: 'admin', projectId })),
      ).toMatchObject({ name: 'NotFound' });
      expect((await world.resources.tokens.create(caller, { name: 'own', role: 'admin' })).token.projectId).toBe(
        caller.projectId,
      );
    });

    it.each([
      { expiresAt: 'tomorrow' },
      { expiresAt: '2001-01-01T00:00:00Z' },
      { expiresAt: '+275760-09-13T00:00:00Z' },
      { expiresAt: '9999-99-99T00:00:00Z' },
    ])('is refused with %j', async (patch) => {
      expect(
        await errorOf(world.resources.tokens.create(admin, { name: 'late', role: 'viewer', ...patch })),
      ).toMatchObject({ name: 'InvalidInput', issues: [{ field: 'expiresAt' }] });
    });
  });

  describe('an idempotency key', () => {
    const reply = { status: 201, body: { id: 'x', text: 'quotes \0 and \ud800' }, headers: { etag: '"1"' } };

    it('lets one of many equal calls through and gives the others its reply', async () => {
      const begun = await Promise.all(Array.from({ length: 5 }, () => world.idempotency.begin('tok_a', 'key', 'hash')));
      expect(begun.map((one) => one.result).sort()).toEqual([
        'fresh',
        'inProgress',
        'inProgress',
        'inProgress',
        'inProgress',
      ]);
      await world.idempotency.finish('tok_a', 'key', reply);
      expect(await world.idempotency.begin('tok_a', 'key', 'hash')).toEqual({ result: 'replay', reply });
      expect(await world.idempotency.begin('tok_a', 'key', 'another')).toEqual({ result: 'mismatch' });
      expect(await world.idempotency.begin('tok_b', 'key', 'hash')).toEqual({ result: 'fresh' });
    });

    it('is free again when its call ended in nothing worth keeping, or its process died', async () => {
      await world.idempotency.begin('tok_a', 'given up', 'hash');
      await world.idempotency.abandon('tok_a', 'given up');
      expect(await world.idempotency.begin('tok_a', 'given up', 'hash')).toEqual({ result: 'fresh' });
      await world.database.pool.query(
        "UPDATE idempotency_keys SET created_at = now() - interval '3 minutes' WHERE key = 'given up'",
      );
      expect(await world.idempotency.begin('tok_a', 'given up', 'hash')).toEqual({ result: 'fresh' });
      expect(await world.idempotency.begin('tok_a', 'given up', 'hash')).toEqual({ result: 'inProgress' });
    });

    it('keeps a reply for 24 hours', async () => {
      await world.idempotency.begin('tok_a', 'old', 'hash');
      await world.idempotency.finish('tok_a', 'old', reply);
      await world.database.pool.query(
        "UPDATE idempotency_keys SET created_at = now() - interval '23 hours' WHERE key = 'old'",
      );
      expect(await world.idempotency.begin('tok_a', 'old', 'hash')).toMatchObject({ result: 'replay' });
      await world.database.pool.query(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'",
      );
      expect(await world.idempotency.begin('tok_a', 'old', 'other')).toEqual({ result: 'fresh' });
      await world.database.pool.query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'");
      expect(await world.idempotency.expire()).toBeGreaterThanOrEqual(1);
      expect((await world.database.pool.query('SELECT 1 FROM idempotency_keys')).rows).toEqual([]);
    });
  });
});
