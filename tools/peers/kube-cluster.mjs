// A real control plane on this machine: etcd and kube-apiserver with RBAC, no kubelet and no controllers.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { freePort } from '../lib/ports.mjs';
import { endProcess, processIdentity, waitUntil } from '../lib/processes.mjs';
import { ToolError } from '../lib/say.mjs';

/**
 * Starts a cluster with nothing in it and waits until it is ready.
 * @param {{ assets: string, dir: string }} options the programs' folder, and one for data, keys and logs (emptied first).
 * @returns `{ server, caFile, adminToken, kubeconfigFile, stop() }`; the token's user is in `system:masters`.
 */
export async function startKubeCluster({ assets, dir }) {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const adminToken = randomBytes(24).toString('hex');
  writeFileSync(path.join(dir, 'tokens.csv'), `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(path.join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(path.join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const [client, peer, secure] = await distinctPorts(3);
  const etcd = start(assets, dir, 'etcd', etcdArgs(dir, client, peer));
  const apiServer = start(assets, dir, 'kube-apiserver', apiServerArgs(dir, client, secure));
  const stop = async () => {
    await endProcess(apiServer.record);
    await endProcess(etcd.record);
  };
  try {
    return { ...(await connection(dir, secure, adminToken, [etcd, apiServer])), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function connection(dir, port, adminToken, processes) {
  const server = `https://127.0.0.1:${port}`;
  // the server makes itself a certificate, and appends the authority that signed it
  const caFile = path.join(dir, 'certs/apiserver.crt');
  await waitUntil(
    'a ready kube-apiserver',
    async () => {
      for (const { child, name, log } of processes) {
        if (child.exitCode !== null) throw new ToolError(`${name} ended with exit code ${child.exitCode}; see ${log}`);
      }
      return existsSync(caFile) && (await get(`${server}/readyz`, adminToken, caFile)) === 'ok';
    },
    { timeoutMs: 120_000, everyMs: 100 },
  );
  const kubeconfigFile = path.join(dir, 'admin.kubeconfig');
  writeFileSync(kubeconfigFile, kubeconfig(server, readFileSync(caFile), adminToken), { mode: 0o600 });
  return { server, caFile, adminToken, kubeconfigFile };
}

function start(assets, dir, name, args) {
  const log = path.join(dir, `${name}.log`);
  const out = openSync(log, 'w');
  const child = spawn(path.join(assets, name), args, { stdio: ['ignore', out, out] });
  return { name, log, child, record: { pid: child.pid, identity: processIdentity(child.pid) } };
}

const etcdArgs = (dir, client, peer) => [
  '--name=sluice',
  `--data-dir=${path.join(dir, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${client}`,
  `--advertise-client-urls=http://127.0.0.1:${client}`,
  `--listen-peer-urls=http://127.0.0.1:${peer}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
  `--initial-cluster=sluice=http://127.0.0.1:${peer}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
];

const apiServerArgs = (dir, etcdPort, port) => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  `--secure-port=${port}`,
  '--bind-address=127.0.0.1',
  `--cert-dir=${path.join(dir, 'certs')}`,
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${path.join(dir, 'sa.pub')}`,
  `--service-account-signing-key-file=${path.join(dir, 'sa.key')}`,
  '--service-cluster-ip-range=10.96.0.0/16',
  '--authorization-mode=RBAC',
  `--token-auth-file=${path.join(dir, 'tokens.csv')}`,
  '--disable-admission-plugins=ServiceAccount',
];

function get(url, token, caFile) {
  return new Promise((resolve) => {
    const request = https.get(
      url,
      { ca: readFileSync(caFile), timeout: 2_000, headers: { authorization: `Bearer ${token}` } },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (text) => (body += text));
        reply.on('end', () => resolve(body));
      },
    );
    request.once('timeout', () => request.destroy()).once('error', () => resolve(undefined));
  });
}

async function distinctPorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

const kubeconfig = (server, ca, token) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'admin' } }],
    'current-context': 'real',
  });
