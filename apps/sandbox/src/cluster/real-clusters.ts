import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { KubeApiError, KubeClient, type RemoteObject } from '../kube-client/kube-client.js';
import { readKubeconfig } from '../kube-client/kubeconfig.js';
import { CertificateFolder } from '../shared/certificates.js';
import { sluiceAccess } from './bootstrap-objects.js';
import type { ClusterOptions, RunningCluster } from './cluster-options.js';
import { bindingGroups, targetGroupBindingCrd, type BindingGroup } from './crd/target-group-binding-crd.js';
import { clusterTokens, writeKubeconfigs } from './credentials.js';
import { frontDoor, onDown } from './front-door.js';
import { ChildProgram } from './real/child-program.js';
import { FaultProxy } from './real/fault-proxy.js';
import { listenOn } from './remembered-port.js';

const etcdDeadlineMs = 30_000;
const apiDeadlineMs = 90_000;

type Stops = (() => Promise<void> | void)[];

/** The folder with `etcd` and `kube-apiserver`, or undefined. Throws when the folder is named and lacks one of them. */
export function realAssets(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const dir = environment['KUBEBUILDER_ASSETS'];
  if (!dir) return undefined;
  const missing = ['etcd', 'kube-apiserver'].filter((name) => !existsSync(join(dir, name)));
  if (missing.length > 0)
    throw new Error(
      `KUBEBUILDER_ASSETS names ${dir}, which has no ${missing.join(' and no ')}; unset it to use the sandbox's own clusters`,
    );
  return dir;
}

/** Starts a real etcd and kube-apiserver as one cluster, with the CRD, Sluice's role, and the same kubeconfigs as the sandbox's own. */
export async function startRealCluster(
  assets: string,
  { name, dir, bindings, faults, port }: ClusterOptions,
): Promise<RunningCluster> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stops: Stops = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const etcdUrl = await startEtcd(assets, dir, stops);
    const { apiPort, caPem } = await startApiServer(assets, name, dir, etcdUrl, stops);
    const door = frontDoor(name, faults);
    const proxy = new FaultProxy(apiPort, door);
    const url = `https://127.0.0.1:${await proxy.listen(dir, port)}`;
    stops.push(
      () => proxy.close(),
      onDown(faults, door, () => proxy.dropConnections()),
    );
    const kubeconfigs = writeKubeconfigs(dir, name, url, caPem, clusterTokens(dir));
    await install(kubeconfigs.admin, bindings);
    return { url, kubeconfigs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEtcd(assets: string, dir: string, stops: Stops): Promise<string> {
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const etcd = await ChildProgram.start(
    join(assets, 'etcd'),
    [
      '--name',
      'sandbox',
      '--data-dir',
      join(dir, 'etcd'),
      '--listen-client-urls',
      client,
      '--advertise-client-urls',
      client,
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `sandbox=${peer}`,
      '--force-new-cluster',
      '--unsafe-no-fsync',
    ],
    dir,
  );
  stops.push(() => etcd.stop());
  await etcd.whenReady(async () => {
    const { statusCode, body } = await request(`${client}/health`, { headersTimeout: 2_000 });
    await body.dump();
    return statusCode === 200;
  }, etcdDeadlineMs);
  return client;
}

async function startApiServer(
  assets: string,
  name: string,
  dir: string,
  etcdUrl: string,
  stops: Stops,
): Promise<{ apiPort: number; caPem: string }> {
  const certificates = join(dir, 'certificates');
  const folder = new CertificateFolder(certificates);
  const authority = await folder.authority(`${name} CA`);
  await folder.server(authority, 'server', ['localhost', 'kubernetes', 'kubernetes.default.svc', name]);
  await folder.client(authority, 'service-account', 'service-account', []);
  const tokens = clusterTokens(dir);
  const at = (file: string) => join(certificates, file);
  const apiPort = await freePort();
  const server = await ChildProgram.start(
    join(assets, 'kube-apiserver'),
    [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${apiPort}`,
      '--bind-address=127.0.0.1',
      `--tls-cert-file=${at('server.crt')}`,
      `--tls-private-key-file=${at('server.key')}`,
      `--cert-dir=${certificates}`,
      `--client-ca-file=${at('ca.crt')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${at('service-account.crt')}`,
      `--service-account-signing-key-file=${at('service-account.key')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=RBAC',
      `--token-auth-file=${tokens.file}`,
      '--disable-admission-plugins=ServiceAccount',
    ],
    dir,
  );
  stops.push(() => server.stop());
  const client = new KubeClient(
    { server: `https://127.0.0.1:${apiPort}`, caPem: authority.certificate, token: tokens.admin },
    'sandbox',
  );
  await server.whenReady(async () => (await client.text('/readyz')) === 'ok', apiDeadlineMs);
  await client.close();
  return { apiPort, caPem: authority.certificate };
}

async function install(kubeconfig: string, bindings: readonly BindingGroup[]): Promise<void> {
  const client = new KubeClient(readKubeconfig(kubeconfig), 'sandbox');
  const put = (api: string, plural: string, object: RemoteObject) =>
    client.patch({ api, plural }, undefined, object.metadata.name, 'apply', object, '?fieldManager=sandbox&force=true');
  for (const object of sluiceAccess)
    await put('apis/rbac.authorization.k8s.io/v1', `${object.kind.toLowerCase()}s`, object);
  for (const binding of bindings)
    await put('apis/apiextensions.k8s.io/v1', 'customresourcedefinitions', targetGroupBindingCrd(binding));
  for (const binding of bindings) {
    const { group, version } = bindingGroups[binding];
    await untilServed(() => client.list({ api: `apis/${group}/${version}`, plural: 'targetgroupbindings' }));
  }
  await client.close();
}

async function untilServed(list: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + apiDeadlineMs;
  for (;;) {
    try {
      return void (await list());
    } catch (error) {
      const isYetToCome = error instanceof KubeApiError && [404, 429, 503].includes(error.code);
      if (!isYetToCome || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
