import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { certificateAuthority, type KeyPair } from './certificates.js';
import { eventually } from './eventually.js';
import { RawKube } from './raw-kube.js';

/** A cluster without nodes: etcd and kube-apiserver, RBAC on, one user who may everything, one with the minimum, one with nothing. */
export interface RealApiServer {
  readonly server: string;
  readonly caPem: string;
  readonly tokens: { readonly admin: string; readonly sluice: string; readonly powerless: string };
  /** Certificate that logs this user in. */
  clientCertificate(user: string): Promise<KeyPair>;
  stop(): Promise<void>;
}

/** The folder of etcd and kube-apiserver as `KUBEBUILDER_ASSETS` names it; null when it is not set or lacks one of them. */
export function realApiServerAssets(): string | null {
  const dir = process.env['KUBEBUILDER_ASSETS'];
  if (dir === undefined || dir === '') return null;
  return ['etcd', 'kube-apiserver'].every((name) => existsSync(path.join(dir, name))) ? dir : null;
}

/**
 * Starts etcd and kube-apiserver from `assets` on loopback ports chosen by the system and waits until `/readyz` says ok.
 * `objects` (CRDs, roles …) are created then. Nothing is left behind after `stop`.
 */
export async function startRealApiServer(assets: string, objects: readonly object[]): Promise<RealApiServer> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-kube-'));
  const ca = await certificateAuthority();
  const tokens = { admin: newToken(), sluice: newToken(), powerless: newToken() };
  const [etcdPort, peerPort, port] = await freePorts();
  await writeKeys(dir, ca, tokens);
  const etcd = start(assets, dir, 'etcd', etcdFlags(dir, etcdPort, peerPort));
  const apiServer = start(assets, dir, 'kube-apiserver', apiServerFlags(dir, etcdPort, port));
  const stop = async () => {
    await Promise.all([end(apiServer), end(etcd)]);
    await rm(dir, { recursive: true, force: true });
  };
  const admin = new RawKube(`https://127.0.0.1:${port}`, ca.caPem, tokens.admin);
  try {
    await eventually(
      'a ready kube-apiserver',
      async () => {
        await mustLive(dir, [etcd, apiServer]);
        const reply = await admin.send('GET', '/readyz').catch(() => null);
        return reply?.body === 'ok' ? true : null;
      },
      { timeoutMs: 120_000, everyMs: 100 },
    );
    for (const object of objects) await createObject(admin, object as ManifestLike);
    return { server: admin.server, caPem: ca.caPem, tokens, clientCertificate: (user) => ca.client(user), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await admin.close();
  }
}

interface ManifestLike {
  readonly apiVersion: string;
  readonly kind: string;
}

const paths: Readonly<Record<string, string>> = {
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
};

async function createObject(admin: RawKube, object: ManifestLike): Promise<void> {
  const where = paths[object.kind];
  if (where === undefined) throw new Error(`no path known for kind ${object.kind}`);
  const created = await admin.must('POST', where, { body: object });
  if (object.kind !== 'CustomResourceDefinition') return;
  await eventually(`CRD ${created.metadata.name} established`, async () => {
    const crd = await admin.must('GET', `${where}/${created.metadata.name}`);
    const { group, names, versions } = crd.spec;
    const served = await admin.send('GET', `/apis/${group}/${versions[0].name}/${names.plural}`);
    return served.status === 200 ? true : null;
  });
}

async function writeKeys(
  dir: string,
  ca: Awaited<ReturnType<typeof certificateAuthority>>,
  tokens: RealApiServer['tokens'],
): Promise<void> {
  const serving = await ca.server(['127.0.0.1', 'localhost', 'kubernetes.default.svc']);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const users = [
    `${tokens.admin},admin,admin,system:masters`,
    `${tokens.sluice},sluice,sluice`,
    `${tokens.powerless},powerless,powerless`,
  ];
  const files: Record<string, string> = {
    'ca.crt': ca.caPem,
    'server.crt': serving.certPem,
    'server.key': serving.keyPem,
    'sa.key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'sa.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'tokens.csv': `${users.join('\n')}\n`,
  };
  await Promise.all(
    Object.entries(files).map(([name, text]) => writeFile(path.join(dir, name), text, { mode: 0o600 })),
  );
}

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
}

function start(assets: string, dir: string, name: string, flags: readonly string[]): Running {
  const log = openSync(path.join(dir, `${name}.log`), 'a');
  const child = spawn(path.join(assets, name), flags, { stdio: ['ignore', log, log] });
  closeSync(log);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  return { name, child };
}

async function mustLive(dir: string, running: readonly Running[]): Promise<void> {
  for (const { name, child } of running) {
    if (child.exitCode === null && child.signalCode === null) continue;
    const log = await readFile(path.join(dir, `${name}.log`), 'utf8');
    throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}:\n${log.slice(-2_000)}`);
  }
}

async function end({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Nothing in it is to be kept: a quick end is a good end.
  child.kill('SIGKILL');
  await ended;
}

const etcdFlags = (dir: string, clientPort: number, peerPort: number) => [
  '--name=test',
  `--data-dir=${path.join(dir, 'etcd')}`,
  '--unsafe-no-fsync',
  '--log-level=error',
  `--listen-client-urls=http://127.0.0.1:${clientPort}`,
  `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=test=http://127.0.0.1:${peerPort}`,
];

const apiServerFlags = (dir: string, etcdPort: number, port: number) => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  `--tls-cert-file=${path.join(dir, 'server.crt')}`,
  `--tls-private-key-file=${path.join(dir, 'server.key')}`,
  `--client-ca-file=${path.join(dir, 'ca.crt')}`,
  `--cert-dir=${path.join(dir, 'certs')}`,
  `--token-auth-file=${path.join(dir, 'tokens.csv')}`,
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${path.join(dir, 'sa.pub')}`,
  `--service-account-signing-key-file=${path.join(dir, 'sa.key')}`,
  '--service-cluster-ip-range=10.96.0.0/16',
  '--disable-admission-plugins=ServiceAccount',
];

/** Three ports, held open together so that they differ. */
async function freePorts(): Promise<[number, number, number]> {
  const one = async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const servers = await Promise.all([one(), one(), one()]);
  const [a, b, c] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return [a ?? 0, b ?? 0, c ?? 0];
}

function newToken(): string {
  return randomBytes(24).toString('hex');
}
