import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseKubeconfig } from '@sluice/kubernetes';
import { RawKube, realApiServerAssets, startRealApiServer } from '@sluice/testing';
import { sluiceAccess } from '../../apps/sandbox/src/cluster/bootstrap-objects.js';
import { targetGroupBindingCrd } from '../../apps/sandbox/src/cluster/crd/target-group-binding-crd.js';

/** A running API server, real or sandbox, with users of the same names. */
export interface ClusterPeer {
  readonly server: string;
  readonly caPem: string;
  /** `admin` may everything, `sluice` has the minimum role, `powerless` may log in. */
  readonly tokens: Readonly<Record<'admin' | 'sluice' | 'powerless', string>>;
  readonly admin: RawKube;
  /** The administrator's kubeconfig, for kubectl. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** One way to start a cluster; `start` is null, with the reason, where it can't be had here. */
export interface ClusterPeerKind {
  readonly name: string;
  readonly missing: string | null;
  start(): Promise<ClusterPeer>;
}

const assets = realApiServerAssets();
const sandboxProgram = fileURLToPath(new URL('../../apps/sandbox/dist/main.js', import.meta.url));

export const sandboxPeer: ClusterPeerKind = {
  name: 'the sandbox',
  missing: existsSync(sandboxProgram) ? null : 'apps/sandbox is not built (npm run build)',
  start: startSandbox,
};
export const realPeer: ClusterPeerKind = {
  name: 'kube-apiserver',
  missing: assets === null ? 'KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver' : null,
  start: () => startReal(assets ?? ''),
};

async function startReal(from: string): Promise<ClusterPeer> {
  const server = await startRealApiServer(from, [targetGroupBindingCrd('openSource'), ...sluiceAccess]);
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-kubeconfig-'));
  const kubeconfig = path.join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(server.server, server.caPem, server.tokens.admin), { mode: 0o600 });
  const admin = new RawKube(server.server, server.caPem, server.tokens.admin);
  return {
    ...server,
    admin,
    kubeconfig,
    stop: async () => {
      await admin.close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startSandbox(): Promise<ClusterPeer> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-sandbox-'));
  const tokens = { admin: newToken(), sluice: newToken(), powerless: newToken() };
  const clusterDir = path.join(dir, 'clusters', 'sandbox');
  mkdirSync(clusterDir, { recursive: true });
  const users = [
    `${tokens.admin},admin,admin,"system:masters"`,
    `${tokens.sluice},sluice,sluice`,
    `${tokens.powerless},powerless,powerless`,
  ];
  writeFileSync(path.join(clusterDir, 'tokens'), `${users.join('\n')}\n`, { mode: 0o600 });
  // Started twice: a server that goes on with what it kept, and has forgotten the changes that led there.
  await ended(await startedSandbox(dir));
  const child = await startedSandbox(dir);
  const kubeconfig = path.join(clusterDir, 'kubeconfig');
  const { server, caPem } = parseKubeconfig(readFileSync(kubeconfig, 'utf8'));
  const admin = new RawKube(server, caPem, tokens.admin);
  const { gitVersion } = await admin.must('GET', '/version');
  if (!String(gitVersion).endsWith('-sandbox')) throw new Error(`this is no cluster of the sandbox: ${gitVersion}`);
  return {
    server,
    caPem,
    tokens,
    admin,
    kubeconfig,
    stop: async () => {
      await admin.close();
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startedSandbox(dir: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [sandboxProgram, '--dir', dir, '--parts', 'clusters', '--clusters', 'sandbox'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // With KUBEBUILDER_ASSETS the sandbox would start real API servers instead of its own.
      env: { ...process.env, KUBEBUILDER_ASSETS: '' },
    },
  );
  await ready(child);
  return child;
}

/** Waits for the line that says so; a sandbox that ends instead is an error with what it printed. */
async function ready(child: ChildProcess): Promise<void> {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('sandbox ready')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}: ${printed.slice(-2_000)}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await exit;
}

function kubeconfigOf(server: string, caPem: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'real',
    clusters: [
      { name: 'real', cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'admin' } }],
  });
}

function newToken(): string {
  return randomBytes(24).toString('hex');
}
