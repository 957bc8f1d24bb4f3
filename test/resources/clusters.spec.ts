import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { admin, createResourceWorld, errorOf, firstPage, type ResourceWorld } from './resource-world.js';

describe('clusters', () => {
  let world: ResourceWorld;
  let directory: string;
  let home: { projectId: string; accountId: string };
  beforeAll(async () => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'sluice-references-'));
    world = await createResourceWorld({ referenceDirectory: directory });
    home = await world.project('clusters');
  });
  afterAll(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });

  /** The project's folder for references. */
  const folder = (projectId: string) => {
    const made = path.join(directory, projectId);
    mkdirSync(made, { recursive: true });
    return made;
  };
  const input = (name: string) => ({ ...home, name, server: 'https://10.0.0.10:6443', caPem: world.caPem });

  it('seals its token, and shows only which kind of credentials it has', async () => {
    const id = await world.cluster(home, 'sealed');
    const shown = await world.resources.clusters.get(admin, id);
    expect(shown).toMatchObject({ credentials: 'token', agent: 'direct', bindingApi: 'elbv2.k8s.aws/v1beta1' });
    const { rows } = await world.database.pool.query<object>('SELECT * FROM clusters WHERE id = $1', [id]);
    expect(JSON.stringify([rows, shown])).not.toContain('cluster-token');
    expect(await world.resources.clusterAccess.access(id)).toMatchObject({
      server: 'https://10.0.0.10:6443',
      caPem: world.caPem,
      auth: { kind: 'token', token: 'cluster-token' },
    });
  });

  it('takes a plain kubeconfig, and refuses one that would run a program, by field', async () => {
    const kubeconfig = (user: string) => `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://10.0.0.11:6443", certificate-authority-data: ${Buffer.from(world.caPem).toString('base64')}}}]
users: [{name: u, user: ${user}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`;
    const cluster = await world.resources.clusters.create(admin, {
      ...home,
      name: 'by kubeconfig',
      kubeconfig: kubeconfig('{token: from-kubeconfig}'),
    });
    expect(cluster.server).toBe('https://10.0.0.11:6443');
    expect(await world.resources.clusterAccess.access(cluster.id)).toMatchObject({
      auth: { token: 'from-kubeconfig' },
    });
    const error = await errorOf(
      world.resources.clusters.create(admin, {
        ...home,
        name: 'evil',
        kubeconfig: kubeconfig('{exec: {command: /bin/sh}}'),
      }),
    );
    expect(error).toMatchObject({ name: 'InvalidInput' });
    expect(error.issues?.map((one) => one.field)).toContain('kubeconfig.users.0.user.exec');
  });

  it('reads a reference each time it is used', async () => {
    const mine = folder(home.projectId);
    writeFileSync(path.join(mine, 'token'), 'token-one\n');
    const { id } = await world.resources.clusters.create(admin, {
      ...input('referenced'),
      credentials: { reference: 'file:token' },
    });
    writeFileSync(path.join(mine, 'token'), 'token-two\n');
    expect(await world.resources.clusterAccess.access(id)).toMatchObject({
      auth: { kind: 'token', token: 'token-two' },
    });
    // as Kubernetes mounts secrets
    mkdirSync(path.join(mine, '..2026'));
    writeFileSync(path.join(mine, '..2026', 'mounted'), 'mounted-token');
    symlinkSync('..2026/mounted', path.join(mine, 'mounted'));
    expect(
      await world.resources.clusters.create(admin, {
        ...input('mounted'),
        credentials: { reference: 'file:mounted' },
      }),
    ).toMatchObject({ credentials: 'reference' });
  });

  it('takes a reference only by a plain name', async () => {
    const elsewhere = await world.project('other folder');
    writeFileSync(path.join(folder(elsewhere.projectId), 'secret'), 'of-another-project');
    for (const reference of [
      'file:/etc/passwd',
      `file:${directory}/${elsewhere.projectId}/secret`,
      `file:../${elsewhere.projectId}/secret`,
      'file:..',
      'file:.hidden',
      'file:',
      'env:TOKEN',
      'file:a\0',
    ]) {
      expect(
        await errorOf(world.resources.clusters.create(admin, { ...input('outside'), credentials: { reference } })),
      ).toMatchObject({
        name: 'InvalidInput',
        issues: expect.arrayContaining([expect.objectContaining({ field: 'credentials.reference' })]),
      });
    }
  });

  it('learns nothing of files that are not its project’s: whatever stands there, the answer is the same', async () => {
    const elsewhere = await world.project('neighbour');
    writeFileSync(path.join(folder(elsewhere.projectId), 'theirs'), 'of-another-project');
    const mine = folder(home.projectId);
    symlinkSync('/etc/passwd', path.join(mine, 'outside'));
    symlinkSync(path.join(directory, elsewhere.projectId, 'theirs'), path.join(mine, 'linked'));
    symlinkSync(mine, path.join(mine, 'folder'));
    writeFileSync(path.join(mine, 'large'), 'x'.repeat(64 * 1024 + 1));
    const messages = new Set<string>();
    for (const name of ['theirs', 'missing', 'outside', 'linked', 'folder', 'large']) {
      const refused = await errorOf(
        world.resources.clusters.create(admin, { ...input('oracle'), credentials: { reference: `file:${name}` } }),
      );
      expect(refused).toMatchObject({ reason: 'ReferenceUnreadable' });
      messages.add(refused.message.replace(name, 'NAME'));
    }
    expect([...messages]).toEqual([expect.stringContaining(`folder ${home.projectId}`)]);
  });

  it('names every field of a connection that is wrong, and repeats no secret', async () => {
    const error = await errorOf(
      world.resources.clusters.create(admin, {
        ...home,
        name: '',
        labels: { 'not a key!': 'x' },
        server: 'http://plain',
        caPem: 'none',
        credentials: { token: 'very\nsecret' },
      }),
    );
    expect(error.issues?.map((one) => one.field)).toEqual(
      expect.arrayContaining(['name', 'labels', 'server', 'caPem', 'credentials.token']),
    );
    expect(error.message).not.toContain('secret');
  });

  it.each(['https://169.254.169.254/', 'https://[fe80::1]:6443'])(
    'refuses the API server %s: link-local addresses are metadata services',
    async (server) => {
      const error = await errorOf(
        world.resources.clusters.create(admin, { ...input('link local'), server, credentials: { token: 't' } }),
      );
      expect(error).toMatchObject({ name: 'InvalidInput', issues: [{ field: 'server' }] });
    },
  );

  it('changes its connection whole: address and credentials together, and forgets the last check', async () => {
    const id = await world.cluster(home, 'moving');
    await world.resources.clusters.check(admin, id);
    const moved = await world.resources.clusters.connect(admin, id, {
      server: 'https://10.0.0.99:6443',
      caPem: world.caPem,
      credentials: { token: 'next-token' },
    });
    expect(moved).toMatchObject({ server: 'https://10.0.0.99:6443', tlsServerName: null, check: null });
    expect(await world.resources.clusterAccess.access(id)).toMatchObject({
      server: 'https://10.0.0.99:6443',
      auth: { token: 'next-token' },
    });
  });

  it('never sends stored credentials to another address: a change of anything else leaves the connection as it is', async () => {
    const id = await world.cluster(home, 'stolen');
    const server = 'https://10.9.9.9:6443';
    await world.resources.clusters.update(admin, id, { server, caPem: world.caPem } as object);
    expect(await world.resources.clusterAccess.access(id)).toMatchObject({
      server: 'https://10.0.0.10:6443',
      auth: { token: 'cluster-token' },
    });
  });

  const connection = (server = 'https://10.0.0.99:6443') => ({
    server,
    caPem: world.caPem,
    credentials: { token: 'next-token' },
  });

  it('is known by its kube-system, learnt by a check and by every new connection', async () => {
    const id = await world.cluster(home, 'known');
    const { kubeSystemUid } = world.agent.cluster(id);
    expect((await world.resources.clusters.get(admin, id)).kubeSystemUid).toBeNull();
    expect(await world.resources.clusters.check(admin, id)).toMatchObject({
      ok: true,
      facts: { kubeSystemUid },
      cluster: { kubeSystemUid },
    });
    world.agent.cluster(id).kubeSystemUid = 'rebuilt';
    expect(await world.resources.clusters.connect(admin, id, connection())).toMatchObject({ kubeSystemUid: 'rebuilt' });
  });

  it('may keep its identity to itself: that is said, and nothing fails', async () => {
    const id = await world.cluster(home, 'unknown');
    world.agent.cluster(id).kubeSystemUid = null;
    const { ok, message, cluster } = await world.resources.clusters.check(admin, id);
    expect({ ok, known: cluster.kubeSystemUid }).toEqual({ ok: true, known: null });
    expect(message).toContain('which cluster it is stays unknown');
    expect((await world.resources.clusters.connect(admin, id, connection())).kubeSystemUid).toBeNull();
  });

  it('is registered once: the second record is refused, in this project and in another', async () => {
    const [first, twin] = [await world.cluster(home, 'first'), await world.cluster(home, 'twin')];
    const { kubeSystemUid } = world.agent.cluster(first);
    await world.resources.clusters.check(admin, first);
    world.agent.cluster(twin).kubeSystemUid = kubeSystemUid;
    const elsewhere = await world.project('elsewhere');
    const abroad = await world.cluster(elsewhere, 'abroad');
    world.agent.cluster(abroad).kubeSystemUid = kubeSystemUid;
    for (const [id, said] of [
      [twin, 'the same cluster as first of this project'],
      [abroad, 'registered in another project'],
    ] as const) {
      const refused = await errorOf(world.resources.clusters.connect(admin, id, connection()));
      expect(refused).toMatchObject({ name: 'Conflict', reason: 'ClusterRegisteredTwice' });
      expect(refused.message).toContain(said);
      expect(await world.resources.clusters.check(admin, id)).toMatchObject({
        ok: false,
        message: expect.stringContaining(said),
        cluster: { server: 'https://10.0.0.10:6443', kubeSystemUid: null },
      });
    }
    expect((await world.resources.clusters.check(admin, first)).ok).toBe(true);
  });

  it('is another project’s too where the operator allows that, but never twice of one', async () => {
    const shared = await createResourceWorld({ allowSharedClusters: true });
    try {
      const [here, there] = [await shared.project('here'), await shared.project('there')];
      const [one, two, again] = [
        await shared.cluster(here, 'one'),
        await shared.cluster(there, 'two'),
        await shared.cluster(there, 'again'),
      ];
      for (const id of [one, two, again]) shared.agent.cluster(id).kubeSystemUid = 'shared';
      expect((await shared.resources.clusters.check(admin, one)).ok).toBe(true);
      expect((await shared.resources.clusters.check(admin, two)).ok).toBe(true);
      expect((await shared.resources.clusters.check(admin, again)).ok).toBe(false);
    } finally {
      await shared.close();
    }
  });

  it('is registered once also when two projects connect it at the same moment', async () => {
    const [a, b] = [await world.project('race a'), await world.project('race b')];
    const ids = [await world.cluster(a, 'a'), await world.cluster(b, 'b')];
    for (const id of ids) world.agent.cluster(id).kubeSystemUid = 'raced';
    const ended = await Promise.allSettled(ids.map((id) => world.resources.clusters.connect(admin, id, connection())));
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  const boundCluster = async (name: string) => {
    const id = await world.cluster(home, name);
    const arn = world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg(name), weight: 1 }] });
    const route = await world.resources.routes.register(admin, { ...home, name, arn });
    const { backend } = await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId: id,
      name,
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg(name),
    });
    const { binding } = await world.resources.bindings.apply(admin, { backendId: backend.id });
    return { id, bindingId: binding.id };
  };

  it('with bindings in it is not exchanged for another one behind a new address', async () => {
    const { id, bindingId } = await boundCluster('bound');
    const { kubeSystemUid } = world.agent.cluster(id);
    await world.resources.clusters.check(admin, id);
    world.agent.cluster(id).kubeSystemUid = 'another';
    const refused = await errorOf(world.resources.clusters.connect(admin, id, connection()));
    expect(refused).toMatchObject({ name: 'Conflict', reason: 'AnotherCluster', facts: { bindings: 1 } });
    expect(refused.message).toContain('register the other one as a cluster of its own');
    expect(await world.resources.clusters.check(admin, id)).toMatchObject({ ok: false, cluster: { kubeSystemUid } });

    world.agent.switchOff(id);
    expect(await errorOf(world.resources.clusters.connect(admin, id, connection()))).toMatchObject({
      reason: 'ClusterUnidentified',
    });
    // new credentials for the same address need no answer: that may be what it is waiting for
    expect(await world.resources.clusters.connect(admin, id, connection('https://10.0.0.10:6443'))).toMatchObject({
      kubeSystemUid,
    });
    world.agent.switchOn(id);

    await world.database.pool.query('DELETE FROM bindings WHERE id = $1', [bindingId]);
    expect(await world.resources.clusters.connect(admin, id, connection())).toMatchObject({ kubeSystemUid: 'another' });
  });

  it('keeps what a check found, also when the cluster is down', async () => {
    const id = await world.cluster(home, 'checked');
    expect(await world.resources.clusters.check(admin, id)).toMatchObject({
      ok: true,
      advice: null,
      cluster: { check: { ok: true, facts: { user: 'sluice' } } },
    });
    world.agent.switchOff(id);
    expect(await world.resources.clusters.check(admin, id)).toMatchObject({
      ok: false,
      facts: null,
      cluster: { check: { ok: false } },
    });
  });

  it('is cordoned by name and with a reason; a second cordon keeps the first one', async () => {
    const id = await world.cluster(home, 'cordoned');
    const cordoned = await world.resources.clusters.cordon(admin, id, { reason: 'disk trouble' });
    expect(cordoned.cordoned).toEqual({
      by: 'token:ann',
      at: new Date(world.clock.now()).toISOString(),
      reason: 'disk trouble',
    });
    expect(await world.resources.clusters.cordon(admin, id, { reason: 'other' })).toEqual(cordoned);
    expect((await world.resources.clusters.uncordon(admin, id)).cordoned).toBeNull();
    await expect(async () => world.resources.clusters.cordon(admin, id, { reason: ' ' })).rejects.toMatchObject({
      name: 'InvalidInput',
    });
  });

  it('is listed by its labels, all of which must match', async () => {
    const id = await world.cluster(home, 'labelled');
    await world.resources.clusters.update(admin, id, { labels: { color: 'blue', 'example.com/year': '2025' } });
    const ids = async (labels: Record<string, string>) =>
      (await world.resources.clusters.list(admin, { labels }, firstPage)).items.map((one) => one.id);
    expect(await ids({ color: 'blue', 'example.com/year': '2025' })).toEqual([id]);
    expect(await ids({ color: 'blue', 'example.com/year': '2026' })).toEqual([]);
    expect(
      await errorOf(world.resources.clusters.list(admin, { labels: { "a' OR 1=1 --": 'x' } }, firstPage)),
    ).toMatchObject({ name: 'InvalidInput' });
  });

  it('does not retire while one of its backends has live weight, by a fresh read', async () => {
    const [blue, green] = [await world.cluster(home, 'blue'), await world.cluster(home, 'green')];
    const arn = world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg('blue'), weight: 1 }] });
    const route = await world.resources.routes.register(admin, { ...home, name: 'retiring', arn });
    world.loadBalancer.world.putTargetGroup(
      { name: 'green', protocol: 'HTTP', port: 80, targetType: 'ip', vpcId: 'vpc-00000001', healthCheck: {}, tags: {} },
      tg('green'),
    );
    for (const [clusterId, name] of [
      [blue, 'blue'],
      [green, 'green'],
    ] as const) {
      await world.resources.backends.create(admin, {
        routeId: route.id,
        clusterId,
        name,
        namespace: 'shop',
        service: 'web',
        port: 80,
        targetGroupArn: tg(name),
      });
    }
    await world.settle(route.id, [
      { targetGroupArn: tg('blue'), weight: 1 },
      { targetGroupArn: tg('green'), weight: 99 },
    ]);
    expect(await errorOf(world.resources.clusters.retire(admin, blue, { reason: 'old' }))).toMatchObject({
      reason: 'ClusterIsServing',
    });
    await world.settle(route.id, [
      { targetGroupArn: tg('blue'), weight: 0 },
      { targetGroupArn: tg('green'), weight: 100 },
    ]);
    world.clock.pass(5 * 60_000);
    expect((await world.resources.clusters.retire(admin, blue, { reason: 'old' })).retired).toMatchObject({
      reason: 'old',
    });
    expect(await errorOf(world.resources.clusters.remove(admin, blue))).toMatchObject({ reason: 'ClusterInUse' });
    const late = {
      routeId: route.id,
      clusterId: blue,
      name: 'late',
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg('blue'),
    };
    expect(await errorOf(world.resources.backends.create(admin, late))).toMatchObject({ reason: 'ClusterRetired' });
  });
});

function tg(name: string): string {
  return `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;
}
