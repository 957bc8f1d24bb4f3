import { KubeApiError, type KubeClient } from '../kube-client/kube-client.js';
import { Reflector } from '../kube-client/reflector.js';
import { resources, type Namespace } from '../kube-client/resources.js';
import { WorkQueue } from '../kube-client/work-queue.js';

interface ResourceList {
  resources: { name: string; namespaced: boolean; verbs: string[] }[];
}

interface GroupList {
  groups: { preferredVersion: { groupVersion: string } }[];
}

/**
 * Empties namespaces that are being deleted and then lets them go. The sandbox's own clusters do so by themselves; a real
 * kube-apiserver leaves it to its controller manager, in whose place this stands.
 */
export class NamespaceController {
  private readonly namespaces: Reflector<Namespace>;
  private readonly queue: WorkQueue;

  constructor(
    private readonly client: KubeClient,
    onFailure: (message: string) => void,
  ) {
    this.queue = new WorkQueue({
      work: (name) => this.empty(name),
      workers: 1,
      firstPauseMs: 100,
      longestPauseMs: 5_000,
      onFailure: (name, error) => {
        if (!(error instanceof NotEmptyYet)) onFailure(`namespace ${name}: ${(error as Error).message}`);
      },
    });
    this.namespaces = new Reflector<Namespace>(client, resources.namespaces).onChange(({ now }) => {
      if (now?.status?.phase === 'Terminating' && now.spec?.finalizers?.includes('kubernetes'))
        this.queue.add(now.metadata.name);
    });
  }

  async start(): Promise<void> {
    await this.namespaces.start().whenSynced;
  }

  async stop(): Promise<void> {
    await this.namespaces.stop();
    await this.queue.stop();
  }

  private async empty(name: string): Promise<void> {
    const namespace = this.namespaces.get(undefined, name);
    if (namespace === undefined) return;
    let left = 0;
    for (const path of await this.collections(name)) {
      await this.client.call('DELETE', path, {});
      left += (await this.client.call<{ items: unknown[] }>('GET', path)).items.length;
    }
    if (left > 0) throw new NotEmptyYet(`${left} objects are left`);
    await this.client
      .call('PUT', `/api/v1/namespaces/${name}/finalize`, {
        ...namespace,
        apiVersion: 'v1',
        kind: 'Namespace',
        spec: { finalizers: [] },
      })
      .catch(unlessGone);
  }

  /** The paths of everything that can be in a namespace. */
  private async collections(namespace: string): Promise<string[]> {
    const { groups } = await this.client.call<GroupList>('GET', '/apis');
    const roots = ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)];
    const lists = await Promise.all(
      roots.map(async (root) => ({ root, list: await this.client.call<ResourceList>('GET', root) })),
    );
    return lists.flatMap(({ root, list }) =>
      list.resources
        .filter((each) => each.namespaced && each.verbs.includes('deletecollection') && each.verbs.includes('list'))
        .map((each) => `${root}/namespaces/${namespace}/${each.name}`),
    );
  }
}

/** Something with a finalizer is still there: come back. */
class NotEmptyYet extends Error {}

/** In a cluster that empties its namespaces itself, it may be gone already. */
function unlessGone(error: unknown): void {
  if (!(error instanceof KubeApiError) || error.code !== 404) throw error;
}
