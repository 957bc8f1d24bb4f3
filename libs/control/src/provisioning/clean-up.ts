import { Conflict, InvalidInput } from '@sluice/domain';
import { createHash } from 'node:crypto';
import type { Caller, Clock } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import { namingRollout } from '../removal/naming-rollout.js';
import { isGone, servingActions } from '../removal/serving-actions.js';
import type { AccountAccess } from '../resources/account-access.js';
import type { ProvisionedResource } from '../resources/types.js';
import type { ResourceStore } from '../stores/resource-store.js';
import { carriesOurMark } from './provisioned-tags.js';
import type { CleanUpReport } from './provisioning.js';

/** What forwards goes before what it forwards to. */
const safeOrder: readonly ProvisionedResource['kind'][] = ['rule', 'listener', 'targetGroup', 'loadBalancer'];

interface Reason {
  readonly reason: string;
  readonly message: string;
}

/**
 * Removes exactly what we created in a project: what its record and its tags both call ours, and only with everything
 * that would go along with it, never what a registered route stands on or what still gets requests. Whatever can't go now stays, with the reason; running it again carries on.
 */
export class CleanUp {
  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
  ) {}

  /** What would go and what would stay; changes nothing. */
  rehearse(projectId: string): Promise<CleanUpReport> {
    return this.#sweep(projectId, null);
  }

  /**
   * @param digest of the rehearsal that a person has read
   * @throws InvalidInput without one; Conflict `CleanUpChanged` when something else would go by now, and nothing went
   */
  async run(caller: Caller, projectId: string, digest: string | undefined): Promise<CleanUpReport> {
    if (digest === undefined)
      throw new InvalidInput([
        {
          field: 'digest',
          message: 'is needed: ask with dryRun=true, read what would be removed, and send its digest',
        },
      ]);
    const now = await this.rehearse(projectId);
    if (now.digest !== digest)
      throw new Conflict(
        'CleanUpChanged',
        'what would be removed has changed since that dry run, so nothing was removed; ask with dryRun=true again, read it, and send its digest',
        { digest: now.digest, removed: now.removed },
      );
    return this.#sweep(projectId, caller);
  }

  /** For nobody, or by somebody. */
  async #sweep(projectId: string, by: Caller | null): Promise<CleanUpReport> {
    const resources = (await this.store.read.provisioned.all({ projectId })).filter((one) => one.removedAt === null);
    const removed: { kind: ProvisionedResource['kind']; arn: string }[] = [];
    const left: (Reason & { kind: ProvisionedResource['kind']; arn: string })[] = [];
    for (const kind of safeOrder) {
      for (const resource of resources.filter((one) => one.kind === kind)) {
        const { arn } = resource;
        const stays = await this.#remove(resource, new Set(removed.map((one) => one.arn)), by);
        if (stays) left.push({ kind, arn, ...stays });
        else removed.push({ kind, arn });
      }
    }
    return { dryRun: by === null, digest: digestOf(projectId, removed), removed, left };
  }

  /** null = it went (or would go). */
  async #remove(
    resource: ProvisionedResource,
    removed: ReadonlySet<string>,
    by: Caller | null,
  ): Promise<Reason | null> {
    if (!resource.createdByUs) return { reason: 'Adopted', message: 'it was there before us and was only adopted' };
    if (resource.arn.startsWith('pending:')) return unknownOutcome(resource);
    try {
      const access = await this.accountAccess.access(resource.accountId);
      const stays = (await this.#heldByUs(resource)) ?? (await this.#heldByAws(access, resource, removed));
      if (stays === 'gone' || stays === null) {
        if (by === null) return null;
        if (stays === null) await this.#delete(access, resource);
        await this.#forget(by, resource);
        return null;
      }
      return stays;
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      return { reason: error.code, message: `AWS refused or could not be asked: ${error.message}` };
    }
  }

  /** What our own records still need it for. */
  async #heldByUs({ kind, arn, projectId }: ProvisionedResource): Promise<Reason | null> {
    if (kind === 'targetGroup') return (await this.#bound(arn)) ?? this.#named(arn);
    const { routes } = this.store.read;
    const by = { rule: { arn }, listener: { listenerArn: arn }, loadBalancer: { loadBalancerArn: arn } }[kind];
    const [route] = await routes.all(by);
    if (!route) return null;
    const whose = route.projectId === projectId ? `route ${route.name}` : 'a route of another project';
    return {
      reason: 'RouteRegistered',
      message: `${whose} stands on it; remove its backends (forget=true leaves their shares) and the route first`,
    };
  }

  /** A rollout may still give it a share. */
  async #named(targetGroupArn: string): Promise<Reason | null> {
    for (const { routeId } of await this.store.read.backends.all({ targetGroupArn })) {
      const route = await this.store.read.routes.find(routeId);
      const named = route && (await namingRollout(this.store.read.engine, route));
      if (named) return { reason: 'RouteIsBusy', message: named.message };
    }
    return null;
  }

  /** Who still forwards to it, besides what goes in this run. */
  async #forwardedTo(access: AwsAccess, arn: string, removed: ReadonlySet<string>): Promise<Reason | null> {
    const others = (await servingActions(this.loadBalancer, access, arn)).filter(
      (one) => !removed.has(one.routeArn) && !removed.has(one.listenerArn),
    );
    const live = others.find((one) => one.share > 0);
    if (live)
      return {
        reason: 'StillServing',
        message: `${live.routeArn} sends it ${Math.round(live.share) / 10} % of its requests; take it to 0 there first`,
      };
    if (others.length === 0) return null;
    return {
      reason: 'ResourceInUse',
      message: `${others.map((one) => one.routeArn).join(', ')} still name it at weight 0; take it out of there first`,
    };
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
      if (kind === 'targetGroup') return await this.#forwardedTo(access, arn, removed);
      const others =
        kind === 'rule' ? [] : (await this.loadBalancer.partsOf(access, arn)).filter((part) => !removed.has(part));
      if (others.length === 0) return null;
      return {
        reason: 'HasOthers',
        message: `AWS would delete ${others.join(', ')} along with it; remove these first`,
      };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  }

  async #delete(access: AwsAccess, { kind, arn }: ProvisionedResource): Promise<void> {
    if (kind === 'rule') await this.loadBalancer.deleteRule(access, arn);
    else if (kind === 'listener') await this.loadBalancer.deleteListener(access, arn);
    else if (kind === 'targetGroup') await this.loadBalancer.deleteTargetGroup(access, arn);
    else await this.loadBalancer.deleteLoadBalancer(access, arn);
  }

  async #forget(caller: Caller, { id }: ProvisionedResource): Promise<void> {
    await this.store.transaction(caller.actor, async (tx) => {
      await tx.provisioned.update(id, { removedAt: new Date(this.clock.now()).toISOString() });
    });
  }
}

/** SHA-256, hex. */
function digestOf(projectId: string, removed: CleanUpReport['removed']): string {
  const parts = removed.map(({ kind, arn }) => [kind, arn]);
  return createHash('sha256')
    .update(JSON.stringify([projectId, parts]))
    .digest('hex');
}

function unknownOutcome({ id, kind, details }: ProvisionedResource): Reason {
  const name = typeof details['name'] === 'string' ? ` named ${details['name']}` : '';
  return {
    reason: 'OutcomeUnknown',
    message: `AWS never answered whether this ${kind}${name} was created; look for the tag sluice.dev/resource=${id} and delete what carries it`,
  };
}
