import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseKubeconfig } from '@sluice/kubernetes';
import { RawKube, realApiServerAssets, startRealApiServer, type KeyPair } from '@sluice/testing';
import { sluiceAccess } from '../../apps/sandbox/src/cluster/bootstrap-objects.js';
import { sandboxProgram, startSandboxProgram } from './sandbox-program.js';
import { targetGroupBindingCrd } from '../../apps/sandbox/src/cluster/crd/target-group-binding-crd.js';

/** A running API server, real or sandbox, with users of the same names. */
export interface ClusterPeer {
  readonly server: string;
  readonly caPem: string;
  /** `admin` may everything, `sluice` has the minimum role, `powerless` may log in. */
  readonly tokens: Readonly<Record<'admin' | 'sluice' | 'powerless', string>>;
  readonly admin: RawKube;
  /** A client certificate for this user; null where none can be had. */
  readonly clientCertificate: ((user: string) => Promise<KeyPair>) | null;
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

export const sandboxPeer: ClusterPeerKind = {
  name: 'the sandbox',
  missing: existsSync(sandboxProgram) ? null : 'apps/sandbox is not built (npm run build)',
  start: startSandbox,
};
export const realPeer: ClusterPeerKind = {
  name: 'kube-apiserver',
  missing: assets === null ? 'KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver' : null,
  start: () => startReal(assets ?? '', 'openSource'),
};
export const realAutoModePeer: ClusterPeerKind = {
  ...realPeer,
  name: 'kube-apiserver with the bindings of EKS Auto Mode',
  start: () => startReal(assets ?? '', 'autoMode'),
};

async function startReal(from: string, bindings: 'openSource' | 'autoMode'): Promise<ClusterPeer> {
  const server = await startRealApiServer(from, [targetGroupBindingCrd(bindings), ...sluiceAccess]);
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
  const options = { dir, parts: ['clusters'], clusters: ['sandbox'], assets: null } as const;
  await (await startSandboxProgram(options)).stop();
  const program = await startSandboxProgram(options);
  const kubeconfig = path.join(clusterDir, 'kubeconfig');
  const { server, caPem } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'));
  const admin = new RawKube(server, caPem, tokens.admin);
  const { gitVersion } = await admin.must('GET', '/version');
  if (!String(gitVersion).endsWith('-sandbox')) throw new Error(`this is no cluster of the sandbox: ${gitVersion}`);
  return {
    server,
    caPem,
    tokens,
    admin,
    clientCertificate: null,
    kubeconfig,
    stop: async () => {
      await admin.close();
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
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
