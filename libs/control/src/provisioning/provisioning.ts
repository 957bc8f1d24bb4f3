import { Conflict, ownershipOf, tagsOfOurs, type Weights, actorText } from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, HealthCheckSpec, LoadBalancer, RuleConditions } from '../ports/load-balancer.js';
import type { AccountAccess } from '../resources/account-access.js';
import { answered, refusal } from '../resources/aws-refusals.js';
import { knownId } from '../resources/checks.js';
import type { MutationOptions } from '../resources/options.js';
import { autoModeTag } from '../resources/target-group-fit.js';
import { keepProject, own, projectFilter } from '../resources/tenancy.js';
import type { Page, PageRequest, ProvisionedResource } from '../resources/types.js';
import { shownProvisioned } from '../stores/recorded-changes.js';
import type { LedgerEntry, ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import { checkAdopt, checkListener, checkLoadBalancer, checkRule, checkTargetGroup } from './checks.js';
import type { NewRules } from './new-rules.js';
import type { CleanUp } from './clean-up.js';
import { carriesOurMark } from './provisioned-tags.js';

interface InAccount {
  readonly projectId: string;
  readonly accountId: string;
}
export interface ProvisionLoadBalancer extends InAccount {
  readonly name: string;
  /** Default `application`. */
  readonly type?: 'application' | 'network';
  readonly scheme: 'internet-facing' | 'internal';
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}
export interface ProvisionTargetGroup extends InAccount {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly targetType: 'ip' | 'instance';
  readonly vpcId: string;
  readonly healthCheck?: HealthCheckSpec;
  /** The cluster whose pods will be in it; an EKS Auto Mode cluster needs a tag with its name. */
  readonly clusterId?: string;
}
export interface ProvisionListener extends InAccount {
  readonly loadBalancerArn: string;
  readonly port: number;
  readonly protocol: string;
  readonly certificateArn?: string;
  readonly weights: Weights;
}
export interface ProvisionRule extends InAccount {
  readonly listenerArn: string;
  /** 1–50000. */
  readonly priority: number;
  readonly conditions: RuleConditions;
  readonly weights: Weights;
  /** Passes over the health of the target groups, in this person's name. */
  readonly forced?: { readonly reason: string };
}
export interface Adopt extends InAccount {
  readonly arn: string;
}

export interface CleanUpOptions extends MutationOptions {
  /** Of the dry run whose removals the caller agreed to; needed unless this is the dry run. */
  readonly digest?: string;
}

export interface CleanUpReport {
  readonly dryRun: boolean;
  /** Of what is in `removed`. */
  readonly digest: string;
  /** In the order they went (or would go). */
  readonly removed: readonly { readonly kind: ProvisionedResource['kind']; readonly arn: string }[];
  readonly left: readonly {
    readonly kind: ProvisionedResource['kind'];
    readonly arn: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

type Kind = ProvisionedResource['kind'];
type Details = Readonly<Record<string, unknown>>;
/** What a creation needs besides its call. */
interface Traffic {
  readonly standsOn: (access: AwsAccess) => readonly string[] | Promise<readonly string[]>;
  /** What the ledger says of it; throws where it may not be. */
  readonly decide: (access: AwsAccess) => Promise<Pick<LedgerEntry, 'kind' | 'reason' | 'message' | 'facts'>>;
}
type Made = { readonly arn: string; readonly details: Details };

/**
 * Creates or adopts what a route stands on. A creation is recorded before AWS is called (ARN `pending:…`), so that
 * nothing we made is ever unknown to clean-up; an outcome in doubt stays recorded and is reported there.
 */
export class Provisioning {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly cleaning: CleanUp,
    private readonly newRules: NewRules,
  ) {}

  async createLoadBalancer(
    caller: Caller,
    input: ProvisionLoadBalancer,
    options: MutationOptions = {},
  ): Promise<ProvisionedResource> {
    checkLoadBalancer(input);
    const { name, type = 'application', scheme, subnets, securityGroups } = input;
    const spec = { name, type, scheme, subnets, securityGroups };
    return this.#create(caller, input, 'loadBalancer', spec, options, async (access, tags) => {
      const made = await this.loadBalancer.createLoadBalancer(access, { ...spec, tags });
      return { arn: made.arn, details: { ...spec, dnsName: made.dnsName, vpcId: made.vpcId } };
    });
  }

  async adoptLoadBalancer(caller: Caller, input: Adopt, options: MutationOptions = {}): Promise<ProvisionedResource> {
    return this.#adopt(caller, input, 'loadBalancer', options, async (access) => {
      const { name, type, scheme, subnets, securityGroups, dnsName, vpcId } =
        await this.loadBalancer.describeLoadBalancer(access, input.arn);
      return { name, type, scheme, subnets, securityGroups, dnsName, vpcId };
    });
  }

  async createTargetGroup(
    caller: Caller,
    input: ProvisionTargetGroup,
    options: MutationOptions = {},
  ): Promise<ProvisionedResource> {
    checkTargetGroup(input);
    const { name, protocol, port, targetType, vpcId, healthCheck = {}, clusterId = null } = input;
    const autoMode = await this.#autoModeTags(caller, input);
    const spec = { name, protocol, port, targetType, vpcId, healthCheck };
    return this.#create(caller, input, 'targetGroup', { ...spec, clusterId }, options, async (access, tags) => {
      const made = await this.loadBalancer.createTargetGroup(access, { ...spec, tags: { ...autoMode, ...tags } });
      return { arn: made.arn, details: { ...spec, clusterId } };
    });
  }

  async adoptTargetGroup(caller: Caller, input: Adopt, options: MutationOptions = {}): Promise<ProvisionedResource> {
    return this.#adopt(caller, input, 'targetGroup', options, async (access) => {
      const { name, protocol, port, targetType, vpcId, healthCheck } = await this.loadBalancer.describeTargetGroup(
        access,
        input.arn,
      );
      return { name, protocol, port, targetType, vpcId, healthCheck };
    });
  }

  /** Its default action forwards by these weights; register it as a route by its ARN. */
  async createListener(
    caller: Caller,
    input: ProvisionListener,
    options: MutationOptions = {},
  ): Promise<ProvisionedResource> {
    checkListener(input);
    const { loadBalancerArn, port, protocol, certificateArn, weights } = input;
    const spec = { loadBalancerArn, port, protocol, weights, ...(certificateArn !== undefined && { certificateArn }) };
    const traffic: Traffic = {
      standsOn: () => [loadBalancerArn],
      decide: async () => ({
        kind: 'createListener',
        reason: 'ListenerCreated',
        message: `A listener on port ${port} of ${loadBalancerArn} begins to forward; nobody listened there before.`,
        facts: { loadBalancerArn, port, before: [], after: weights },
      }),
    };
    return this.#create(
      caller,
      input,
      'listener',
      spec,
      options,
      async (access, tags) => {
        return { arn: (await this.loadBalancer.createListener(access, { ...spec, tags })).arn, details: spec };
      },
      traffic,
    );
  }

  /** It forwards by these weights; register it as a route by its ARN. */
  async createRule(caller: Caller, input: ProvisionRule, options: MutationOptions = {}): Promise<ProvisionedResource> {
    checkRule(input);
    const { listenerArn, priority, conditions, weights, forced } = input;
    const spec = { listenerArn, priority, conditions, weights };
    const traffic: Traffic = {
      standsOn: async (access) => [
        listenerArn,
        (await this.loadBalancer.describeListener(access, listenerArn)).loadBalancerArn,
      ],
      decide: async (access) => ({
        kind: 'createRule',
        reason: forced ? 'RuleForced' : 'RuleCreated',
        message: forced?.reason ?? `A rule of priority ${priority} on ${listenerArn} takes what it matches.`,
        facts: {
          listenerArn,
          priority,
          conditions,
          ...(await this.newRules.judge(caller, access, input)),
          after: weights,
        },
      }),
    };
    return this.#create(
      caller,
      input,
      'rule',
      spec,
      options,
      async (access, tags) => {
        return { arn: (await this.loadBalancer.createRule(access, { ...spec, tags })).arn, details: spec };
      },
      traffic,
    );
  }

  async list(
    caller: Caller,
    filter: { readonly projectId?: string },
    page: PageRequest,
  ): Promise<Page<ProvisionedResource>> {
    const { items, next } = await this.store.read.provisioned.page(projectFilter(caller, filter.projectId), page);
    return { items: items.map(shownProvisioned), next };
  }

  async get(caller: Caller, id: string): Promise<ProvisionedResource> {
    return shownProvisioned(
      own(
        caller,
        'provisioned resource',
        id,
        await this.store.read.provisioned.find(knownId('provisioned resource', id)),
      ),
    );
  }

  /**
   * Removes exactly what we created, in safe order: rule, listener, target group, load balancer. Says what it left and why.
   * Needs the digest of its dry run: Conflict `CleanUpChanged` when something else would be removed by now.
   */
  async cleanUp(caller: Caller, projectId: string, options: CleanUpOptions = {}): Promise<CleanUpReport> {
    own(
      caller,
      'project',
      projectId,
      await this.store.read.projects
        .find(knownId('project', projectId))
        .then((project) => project && { projectId: project.id }),
    );
    return options.dryRun ? this.cleaning.rehearse(projectId) : this.cleaning.run(caller, projectId, options.digest);
  }

  async #create(
    caller: Caller,
    where: InAccount,
    kind: Kind,
    asked: Details,
    options: MutationOptions,
    make: (access: AwsAccess, tags: Readonly<Record<string, string>>) => Promise<Made>,
    traffic?: Traffic,
  ): Promise<ProvisionedResource> {
    const access = await this.#access(caller, where);
    if (traffic) await this.#refuseReconciled(access, await answered(Promise.resolve(traffic.standsOn(access))));
    const line = traffic && (await traffic.decide(access));
    const id = this.ids.next('res');
    const decision = line && {
      ...line,
      id: this.ids.next('dec'),
      projectId: where.projectId,
      actor: actorText(caller.actor),
    };
    const record = {
      id,
      projectId: where.projectId,
      accountId: where.accountId,
      kind,
      arn: `pending:${id}`,
      createdByUs: true,
      details: asked,
      removedAt: null,
      createdBy: actorText(caller.actor),
    };
    const pending = await this.store.transaction(
      caller.actor,
      async (tx) => {
        await keep(tx, caller, where);
        if (decision) await tx.decide({ ...decision, facts: { ...decision.facts, resourceId: id } });
        return tx.provisioned.insert(record);
      },
      options,
    );
    if (options.dryRun) return shownProvisioned(pending);
    const made = await this.#make(caller, id, decision?.id ?? null, () =>
      make(access, tagsOfOurs(where.projectId, id)),
    );
    const stored = await this.#keepArn(caller, id, decision?.id ?? null, made);
    await this.#refuseExisting(caller, access, pending, made);
    return stored;
  }

  /** Before any further call: whatever fails from here on, what was made is known by its ARN. */
  async #keepArn(caller: Caller, id: string, decisionId: string | null, made: Made): Promise<ProvisionedResource> {
    try {
      return await this.store.transaction(caller.actor, async (tx) => {
        if (decisionId !== null) await tx.endDecision(decisionId, 'applied', null);
        return shownProvisioned(await tx.provisioned.update(id, made));
      });
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      // another record has this ARN: AWS answered with what was there before
      await this.store.transaction(caller.actor, async (tx) => {
        if (decisionId !== null) await tx.endDecision(decisionId, 'failed', 'it was there before');
        await tx.provisioned.remove(id);
      });
      throw alreadyExists(made.arn);
    }
  }

  /** A refusal that certainly had no effect takes its record back; doubt leaves it. */
  async #make(caller: Caller, id: string, decisionId: string | null, make: () => Promise<Made>): Promise<Made> {
    try {
      return await make();
    } catch (error) {
      const hadNoEffect = error instanceof ExternalFailure && !error.ambiguous;
      await this.store.transaction(caller.actor, async (tx) => {
        const told = hadNoEffect ? 'AWS refused it' : 'AWS never answered whether it was created; see clean-up';
        if (decisionId !== null) await tx.endDecision(decisionId, 'failed', told);
        const row = await tx.provisioned.lock(id, 'change');
        if (hadNoEffect) await tx.provisioned.remove(id);
        else if (row) await tx.provisioned.update(id, { details: { ...row.details, outcome: 'unknown' } });
      });
      throw refusal(error);
    }
  }

  /** AWS answers a creation that repeats an existing thing with that thing: then it isn't ours, and never to be cleaned up. */
  async #refuseExisting(caller: Caller, access: AwsAccess, pending: ProvisionedResource, made: Made): Promise<void> {
    const tags = await answered(this.loadBalancer.tagsOf(access, [made.arn]));
    if (carriesOurMark(tags.find((one) => one.arn === made.arn)?.tags ?? {}, pending)) return;
    await this.store.transaction(caller.actor, async (tx) => {
      await tx.provisioned.remove(pending.id);
    });
    throw alreadyExists(made.arn);
  }

  async #refuseReconciled(access: AwsAccess, arns: readonly string[]): Promise<void> {
    const owner = ownershipOf(await answered(this.loadBalancer.tagsOf(access, arns)));
    if (owner.kind !== 'continuous') return;
    throw new Conflict(
      'OwnedByReconciler',
      `${owner.owner} owns what this would stand on (${owner.evidence}) and would remove it again. ${owner.advice}`,
      { ownership: owner },
    );
  }

  async #adopt(
    caller: Caller,
    input: Adopt,
    kind: Kind,
    options: MutationOptions,
    describe: (access: AwsAccess) => Promise<Details>,
  ): Promise<ProvisionedResource> {
    checkAdopt(input, kind);
    const details = await answered(describe(await this.#access(caller, input)), 'arn');
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        await keep(tx, caller, input);
        const { projectId, accountId, arn } = input;
        return shownProvisioned(
          await tx.provisioned.insert({
            id: this.ids.next('res'),
            projectId,
            accountId,
            kind,
            arn,
            createdByUs: false,
            details,
            removedAt: null,
            createdBy: actorText(caller.actor),
          }),
        );
      },
      options,
    );
  }

  async #access(caller: Caller, where: InAccount): Promise<AwsAccess> {
    own(caller, 'project', knownId('project', where.projectId), { projectId: where.projectId });
    const found = await this.store.read.accounts.find(knownId('account', where.accountId));
    return this.accountAccess.of(own({ ...caller, projectId: where.projectId }, 'account', where.accountId, found));
  }

  async #autoModeTags(caller: Caller, input: ProvisionTargetGroup): Promise<Readonly<Record<string, string>>> {
    if (input.clusterId === undefined) return {};
    const found = await this.store.read.clusters.find(knownId('cluster', input.clusterId));
    const cluster = own({ ...caller, projectId: input.projectId }, 'cluster', input.clusterId, found);
    return cluster.bindingApi === 'eks.amazonaws.com/v1' ? { [autoModeTag]: cluster.name } : {};
  }
}

function alreadyExists(arn: string): Conflict {
  return new Conflict(
    'AlreadyExists',
    `AWS has one with the same name and settings already (${arn}), which this call did not create; adopt it by its ARN, or choose another name`,
    { arn },
  );
}

async function keep(tx: ResourceTransaction, caller: Caller, where: InAccount): Promise<void> {
  await keepProject(tx, caller, where.projectId);
  own(
    { ...caller, projectId: where.projectId },
    'account',
    where.accountId,
    await tx.accounts.lock(where.accountId, 'keep'),
  );
}
