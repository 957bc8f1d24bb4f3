import type { Clock } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { AccountAccess } from '../resources/account-access.js';
import type { ProvisionedResource } from '../resources/types.js';
import type { ResourceStore } from '../stores/resource-store.js';
import { carriesOurMark } from './provisioned-tags.js';
import type { CleanUpReport } from './provisioning.js';

/** What forwards goes before what it forwards to. */
const safeOrder: readonly ProvisionedResource['kind'][] = ['rule', 'listener', 'targetGroup', 'loadBalancer'];
const gone = /^(LoadBalancer|TargetGroup|Listener|Rule)NotFound(Exception)?$/;

interface Reason {
  readonly reason: string;
  readonly message: string;
}

/**
 * Removes exactly what we created in a project: what its record and its tags both call ours, and only with everything
 * that would go along with it. Whatever can't go now stays, with the reason; running it again carries on.
 */
export class CleanUp {
  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
  ) {}

  async run(projectId: string, dryRun: boolean): Promise<CleanUpReport> {
    const resources = (await this.store.read.provisioned.all({ projectId })).filter((one) => one.removedAt === null);
    const removed: { kind: ProvisionedResource['kind']; arn: string }[] = [];
    const left: (Reason & { kind: ProvisionedResource['kind']; arn: string })[] = [];
    for (const kind of safeOrder) {
      for (const resource of resources.filter((one) => one.kind === kind)) {
        const { arn } = resource;
        const stays = await this.#remove(resource, new Set(removed.map((one) => one.arn)), dryRun);
        if (stays) left.push({ kind, arn, ...stays });
        else removed.push({ kind, arn });
      }
    }
    return { dryRun, removed, left };
  }

  /** null = it went (or would go). */
  async #remove(resource: ProvisionedResource, removed: ReadonlySet<string>, dryRun: boolean): Promise<Reason | null> {
    if (!resource.createdByUs) return { reason: 'Adopted', message: 'it was there before us and was only adopted' };
    if (resource.arn.startsWith('pending:')) return unknownOutcome(resource);
    try {
      const access = await this.accountAccess.access(resource.accountId);
      const stays = (await this.#heldByUs(resource)) ?? (await this.#heldByAws(access, resource, removed));
      if (stays === 'gone' || stays === null) {
        if (dryRun) return null;
        if (stays === null) await this.#delete(access, resource);
        await this.#forget(resource);
        return null;
      }
      return stays;
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      return { reason: error.code, message: `AWS refused or could not be asked: ${error.message}` };
    }
  }

  /** What our own records still need it for. */
  async #heldByUs({ kind, arn }: ProvisionedResource): Promise<Reason | null> {
    if (kind === 'targetGroup') return this.#bound(arn);
    if (kind === 'loadBalancer') return null;
    for (const route of await this.store.read.routes.all({ arn })) {
      const rolloutId = await this.store.read.engine.activeRollout(route.id);
      if (rolloutId)
        return {
          reason: 'RouteIsBusy',
          message: `rollout ${rolloutId} moves its traffic; abort it or wait for its end`,
        };
      if (await this.store.read.engine.hasOpenIntent(route.id))
        return { reason: 'RouteIsBusy', message: 'a write to it is outstanding; try again in a moment' };
    }
    return null;
  }

  async #bound(targetGroupArn: string): Promise<Reason | null> {
    for (const backend of await this.store.read.backends.all({ targetGroupArn })) {
      const [binding] = await this.store.read.bindings.all({ backendId: backend.id });
      if (!binding || binding.state === 'Removed' || (binding.state === 'Refused' && binding.observed === null))
        continue;
      return {
        reason: 'BindingPresent',
        message: `binding ${binding.id} of backend ${backend.name} is still in its cluster; remove it, then clean up again`,
      };
    }
    return null;
  }

  /** Whose it is by its tags, and what would be deleted along with it. */
  async #heldByAws(
    access: AwsAccess,
    resource: ProvisionedResource,
    removed: ReadonlySet<string>,
  ): Promise<Reason | 'gone' | null> {
    const { kind, arn } = resource;
    try {
      const [tagged] = await this.loadBalancer.tagsOf(access, [arn]);
      if (!tagged) return 'gone';
      if (!carriesOurMark(tagged.tags, resource))
        return {
          reason: 'NotOursAnyMore',
          message:
            'its sluice.dev tags were removed or changed, so somebody may have taken it over; delete it by hand if it may go',
        };
      const others =
        kind === 'rule' || kind === 'targetGroup'
          ? []
          : (await this.loadBalancer.partsOf(access, arn)).filter((part) => !removed.has(part));
      if (others.length === 0) return null;
      return {
        reason: 'HasOthers',
        message: `AWS would delete ${others.join(', ')} along with it; remove these first`,
      };
    } catch (error) {
      if (error instanceof ExternalFailure && error.kind === 'terminal' && gone.test(error.code)) return 'gone';
      throw error;
    }
  }

  async #delete(access: AwsAccess, { kind, arn }: ProvisionedResource): Promise<void> {
    if (kind === 'rule') await this.loadBalancer.deleteRule(access, arn);
    else if (kind === 'listener') await this.loadBalancer.deleteListener(access, arn);
    else if (kind === 'targetGroup') await this.loadBalancer.deleteTargetGroup(access, arn);
    else await this.loadBalancer.deleteLoadBalancer(access, arn);
  }

  async #forget({ id, projectId, kind, arn }: ProvisionedResource): Promise<void> {
    await this.store.transaction(async (tx) => {
      await tx.provisioned.update(id, { removedAt: new Date(this.clock.now()).toISOString() });
      tx.announce({ projectId, type: 'provisioned.removed', subject: `provisioned/${id}`, data: { kind, arn } });
    });
  }
}

function unknownOutcome({ id, kind, details }: ProvisionedResource): Reason {
  const name = typeof details['name'] === 'string' ? ` named ${details['name']}` : '';
  return {
    reason: 'OutcomeUnknown',
    message: `AWS never answered whether this ${kind}${name} was created; look for the tag sluice.dev/resource=${id} and delete what carries it`,
  };
}
