import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from './api.js';
import { Authenticator } from './authentication.js';
import { sluiceAccess, systemAccess, systemNamespaces } from './bootstrap-objects.js';
import { CertificateFolder } from '../shared/certificates.js';
import { targetGroupBindingCrd, type BindingGroup } from './crd/target-group-binding-crd.js';
import type { ClusterOptions, RunningCluster } from './cluster-options.js';
import { clusterTokens, writeKubeconfigs } from './credentials.js';
import { frontDoor, onDown } from './front-door.js';
import { ClusterServer } from './https-server.js';
import type { KubeObject } from './kube-object.js';
import { watchNamespaces } from './namespace-lifecycle.js';
import { Objects, type WriteOptions } from './objects.js';
import { Authorizer } from './rbac.js';
import { timestamp } from './ownership.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import { resourcesOf } from './resources-table.js';
import { customResourceDefinitions } from './resources/custom-resource-definitions.js';
import { Store } from './store.js';

/** Starts one cluster of the sandbox: its state as it was, its address as it was while that is free. */
export async function startSandboxCluster({
  name,
  dir,
  bindings,
  faults,
  port,
}: ClusterOptions): Promise<RunningCluster> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const tokens = clusterTokens(dir);
  const certificates = new CertificateFolder(join(dir, 'certificates'));
  const authority = await certificates.authority(`${name} CA`);
  const tls = await certificates.server(authority, 'server', [
    'localhost',
    'kubernetes',
    'kubernetes.default.svc',
    name,
  ]);
  const store = new Store(join(dir, 'state.json'));
  const types = resourcesOf(bindings);
  const door = frontDoor(name, faults);
  await bootstrap(store, types, bindings);
  const server = new ClusterServer(
    dir,
    tls,
    authority.certificate,
    new Authenticator(tokens.file),
    new Api(store, types, new Authorizer(store)),
    door,
  );
  const stopNamespaces = watchNamespaces(store, types);
  const url = await server.listen(port);
  const stopFaults = onDown(faults, door, () => server.dropConnections());
  return {
    url,
    kubeconfigs: writeKubeconfigs(dir, name, url, authority.certificate, tokens),
    stop: async () => {
      stopFaults();
      stopNamespaces();
      await server.close();
    },
  };
}

/** What every cluster has from its first start: system namespaces, roles, Sluice's own role, the CRD. */
async function bootstrap(
  store: Store,
  types: readonly ResourceType[],
  bindings: readonly BindingGroup[],
): Promise<void> {
  const objects = new Objects(store, types);
  const options: WriteOptions = {
    user: { name: 'system:apiserver', uid: '', groups: ['system:masters'] },
    fieldManager: 'sandbox',
    isDryRun: false,
    fieldValidation: 'Strict',
    force: false,
    warnings: [],
    mayCreate: () => undefined,
  };
  for (const object of [...systemNamespaces, ...systemAccess, ...sluiceAccess]) {
    const type = types.find((each) => apiVersionOf(each) === object.apiVersion && each.kind === object.kind);
    if (type && !store.get(type, undefined, object.metadata.name))
      await objects.create(type, undefined, object, options);
  }
  for (const binding of bindings) {
    const crd = targetGroupBindingCrd(binding);
    if (!store.get(customResourceDefinitions, undefined, crd.metadata.name))
      store.put(customResourceDefinitions, established(crd));
  }
}

function established(crd: KubeObject): KubeObject {
  const now = timestamp(new Date());
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  const [version] = (crd['spec'] as { versions: { name: string }[] }).versions; // written by targetGroupBindingCrd
  return {
    ...crd,
    metadata: { ...crd.metadata, uid: `crd-${crd.metadata.name}`, creationTimestamp: now, generation: 1 },
    status: {
      acceptedNames: (crd['spec'] as { names: unknown }).names,
      storedVersions: [version?.name],
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
    },
  };
}
