import { randomBytes } from 'node:crypto';
import type { KubeClient, RemoteObject } from '../kube-client/kube-client.js';
import { resources } from '../kube-client/resources.js';

interface KnownEvent {
  readonly name: string;
  count: number;
}

/** Reasons of the controller's events. */
export type EventReason =
  | 'FailedAddFinalizer'
  | 'FailedRemoveFinalizer'
  | 'FailedUpdateStatus'
  | 'FailedCleanup'
  | 'FailedNetworkReconcile'
  | 'BackendNotFound'
  | 'FailedReconcile'
  | 'SuccessfullyReconciled';

/** Writes Events about objects; one that says the same again is counted up. What can't be written is let go, as in Kubernetes. */
export class EventRecorder {
  private readonly known = new Map<string, KnownEvent>();

  constructor(
    private readonly client: KubeClient,
    private readonly component: string,
  ) {}

  async record(about: RemoteObject, reason: EventReason, message: string): Promise<void> {
    const type = reason === 'SuccessfullyReconciled' ? 'Normal' : 'Warning';
    const key = [about.metadata.uid, type, reason, message].join('\n');
    const namespace = about.metadata.namespace ?? 'default';
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    try {
      const known = this.known.get(key);
      if (known !== undefined) {
        known.count += 1;
        await this.client.patch(resources.events, namespace, known.name, 'merge', {
          count: known.count,
          lastTimestamp: now,
        });
        return;
      }
      const name = `${about.metadata.name}.${randomBytes(8).toString('hex')}`;
      await this.client.create(resources.events, this.event(about, { name, namespace, now, type, reason, message }));
      this.known.set(key, { name, count: 1 });
    } catch {
      this.known.delete(key);
    }
  }

  private event(
    about: RemoteObject,
    {
      name,
      namespace,
      now,
      type,
      reason,
      message,
    }: Record<'name' | 'namespace' | 'now' | 'type' | 'reason' | 'message', string>,
  ): RemoteObject & Record<string, unknown> {
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: this.component },
      reportingComponent: this.component,
      reportingInstance: '',
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        namespace,
        uid: about.metadata.uid,
        resourceVersion: about.metadata.resourceVersion,
      },
    };
  }
}
