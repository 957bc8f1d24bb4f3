import type { KubeClient, RemoteObject, Resource } from '../kube-client/kube-client.js';
import { checkpointAnnotation, checkpointOf, checkpointTimeAnnotation, finalizer, type Binding } from './binding.js';
import { resolveTargets, type ClusterView } from './endpoints.js';
import type { EventRecorder } from './event-recorder.js';
import { isTargetGroupMissing, quoteAwsError, type TargetGroups } from './target-groups.js';
import { TrackedTargets } from './tracked-targets.js';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly view: ClusterView;
  readonly targetGroups: TargetGroups;
  readonly events: EventRecorder;
  /** In Auto Mode: the cluster's name, which target groups must carry in their tag. */
  readonly autoModeCluster?: string;
}

const autoModeTag = 'eks:eks-cluster-name';

/** A failure that has been told in an event already; the queue only has to come back to it. */
export class ReconcileFailure extends Error {}

/** What the controller does with one TargetGroupBinding. Throws when it has to be tried again. */
export class Reconciler {
  private readonly tracked: TrackedTargets;

  constructor(private readonly options: ReconcilerOptions) {
    this.tracked = new TrackedTargets(options.client);
  }

  async reconcile(binding: Binding): Promise<void> {
    if (binding.metadata.deletionTimestamp) return this.release(binding);
    return this.tell(binding, 'FailedReconcile', () => this.bind(binding));
  }

  private async bind(binding: Binding): Promise<void> {
    const arn = binding.spec.targetGroupARN ?? '';
    const withFinalizer = await this.ensureFinalizer(binding);
    const resolution = resolveTargets(withFinalizer, this.options.view);
    if (resolution.kind === 'Unusable') throw new Error(resolution.detail);
    if (resolution.kind === 'BackendNotFound') {
      await this.options.events.record(binding, 'BackendNotFound', resolution.detail);
      await this.deregisterAll(binding);
      await this.saveCheckpoint(withFinalizer, null);
      return this.finish(withFinalizer);
    }
    const checkpoint = checkpointOf(resolution.targets, binding.spec);
    if (binding.metadata.annotations?.[checkpointAnnotation] === checkpoint) return;
    await this.checkAutoMode(arn);
    await this.syncTargets(binding, arn, resolution.targets);
    await this.saveCheckpoint(withFinalizer, checkpoint);
    await this.finish(withFinalizer);
  }

  /** Deregisters what should not be there, then registers what is missing: in that order, as the controller does. */
  private async syncTargets(binding: Binding, arn: string, wanted: readonly string[]): Promise<void> {
    const { active } = await quoted('DescribeTargetHealth', () => this.options.targetGroups.targets(arn));
    const unmatched = (await this.own(binding, active)).filter((target) => !wanted.includes(target));
    const missing = wanted.filter((target) => !active.includes(target));
    await quoted('DeregisterTargets', () => this.options.targetGroups.deregister(arn, unmatched));
    if (binding.spec.multiClusterTargetGroup) await this.tracked.write(binding, wanted);
    await quoted('RegisterTargets', () => this.options.targetGroups.register(arn, missing));
  }

  /** Those of the registered targets that this cluster may take out: all, unless the target group is shared. */
  private async own(binding: Binding, active: readonly string[]): Promise<readonly string[]> {
    if (!binding.spec.multiClusterTargetGroup) return active;
    const tracked = (await this.tracked.read(binding)) ?? [];
    return active.filter((target) => tracked.includes(target));
  }

  private async checkAutoMode(arn: string): Promise<void> {
    const { autoModeCluster, targetGroups } = this.options;
    if (autoModeCluster === undefined) return;
    const owner = await quoted('DescribeTags', () => targetGroups.tag(arn, autoModeTag));
    if (owner !== autoModeCluster) {
      throw new Error(
        `operation error Elastic Load Balancing v2: RegisterTargets, https response error StatusCode: 403, RequestID: , api error AccessDenied: not authorized to perform elasticloadbalancing:RegisterTargets on ${arn}: the tag ${autoModeTag} is not ${autoModeCluster}`,
      );
    }
  }

  private async release(binding: Binding): Promise<void> {
    if (!binding.metadata.finalizers?.includes(finalizer)) return;
    await this.tell(
      binding,
      'FailedCleanup',
      () => this.deregisterAll(binding),
      (error) => this.markFailedCleanup(binding, error),
    );
    await this.tell(binding, 'FailedRemoveFinalizer', () =>
      this.merge(binding, {
        metadata: {
          finalizers: binding.metadata.finalizers?.filter((each) => each !== finalizer),
          resourceVersion: binding.metadata.resourceVersion,
        },
      }),
    );
  }

  /** Takes every target of this cluster out of the target group; one that is gone has none. */
  private async deregisterAll(binding: Binding): Promise<void> {
    const { targetGroups } = this.options;
    const arn = binding.spec.targetGroupARN ?? '';
    try {
      const { active } = await targetGroups.targets(arn);
      await targetGroups.deregister(arn, await this.own(binding, active));
      if (binding.spec.multiClusterTargetGroup) await this.tracked.remove(binding);
    } catch (error) {
      if (!isTargetGroupMissing(error)) throw new Error(quoteAwsError(error, 'DeregisterTargets'), { cause: error });
    }
  }

  private async ensureFinalizer(binding: Binding): Promise<Binding> {
    const { finalizers = [], resourceVersion } = binding.metadata;
    if (finalizers.includes(finalizer)) return binding;
    return this.merge(binding, { metadata: { finalizers: [...finalizers, finalizer], resourceVersion } });
  }

  /** Null takes the checkpoint away, so that the next reconcile is a full one. */
  private async saveCheckpoint(binding: Binding, checkpoint: string | null): Promise<void> {
    const time = checkpoint === null ? null : String(Math.floor(Date.now() / 1000));
    await this.merge(binding, {
      metadata: { annotations: { [checkpointAnnotation]: checkpoint, [checkpointTimeAnnotation]: time } },
    });
  }

  private async finish(binding: Binding): Promise<void> {
    const { client, resource, events } = this.options;
    const { namespace, name, generation } = binding.metadata;
    if (binding.status?.observedGeneration !== generation) {
      await this.tell(binding, 'FailedUpdateStatus', () =>
        client.patch(resource, namespace, name, 'merge', { status: { observedGeneration: generation } }, '/status'),
      );
    }
    await events.record(binding, 'SuccessfullyReconciled', 'Successfully reconciled');
  }

  private async markFailedCleanup(binding: Binding, error: Error): Promise<void> {
    const { client, resource } = this.options;
    const { namespace, name, generation } = binding.metadata;
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'FailedCleanup',
      message: error.message,
      lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
      observedGeneration: generation,
    };
    await client.patch(resource, namespace, name, 'merge', { status: { conditions: [condition] } }, '/status');
  }

  private merge(binding: Binding, patch: object): Promise<Binding> {
    const { client, resource } = this.options;
    return client.patch<Binding & RemoteObject>(
      resource,
      binding.metadata.namespace,
      binding.metadata.name,
      'merge',
      patch,
    );
  }

  private async tell(
    binding: Binding,
    reason: 'FailedReconcile' | 'FailedCleanup' | 'FailedRemoveFinalizer' | 'FailedUpdateStatus',
    act: () => Promise<unknown>,
    onError?: (error: Error) => Promise<void>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof ReconcileFailure) throw error;
      const cause = error as Error; // nothing here throws anything else
      await this.options.events.record(binding, reason, `${phrases[reason]} due to ${cause.message}`);
      await onError?.(cause);
      throw new ReconcileFailure(cause.message, { cause });
    }
  }
}

const phrases = {
  FailedReconcile: 'Failed reconcile',
  FailedCleanup: 'Failed cleanup',
  FailedRemoveFinalizer: 'Failed remove finalizer',
  FailedUpdateStatus: 'Failed update status',
} as const;

async function quoted<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Error(quoteAwsError(error, operation), { cause: error });
  }
}
