import { stringAt } from './json.js';
import type { KubeObject } from './kube-object.js';
import type { ResourceType } from './resource-type.js';
import { namespaces } from './resources/core.js';
import type { Store } from './store.js';

/**
 * Empties namespaces that are being deleted and removes them when nothing is left, as the namespace controller does.
 * Objects with finalizers are marked and waited for. Answers how to stop.
 */
export function watchNamespaces(store: Store, types: readonly ResourceType[]): () => void {
  const namespaced = types.filter((type) => type.namespaced);
  const sweep = (): void => {
    for (const namespace of store.list(namespaces))
      if (stringAt(namespace, 'status', 'phase') === 'Terminating') empty(store, namespaced, namespace);
  };
  let isQueued = false;
  const queue = (): void => {
    if (isQueued) return;
    isQueued = true;
    setImmediate(() => {
      isQueued = false;
      sweep();
    });
  };
  queue();
  return store.onChange(queue);
}

function empty(store: Store, types: readonly ResourceType[], namespace: KubeObject): void {
  const { name } = namespace.metadata;
  const deletionTimestamp = namespace.metadata.deletionTimestamp ?? '';
  for (const type of types) {
    for (const object of store.list(type, name)) {
      const isHeld = (object.metadata.finalizers ?? []).length > 0;
      if (!isHeld) store.remove(type, object);
      else if (object.metadata.deletionTimestamp === undefined)
        store.put(type, {
          ...object,
          metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 },
        });
    }
  }
  if (types.every((type) => store.list(type, name).length === 0)) store.remove(namespaces, namespace);
}
