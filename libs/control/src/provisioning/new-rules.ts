import {
  Conflict,
  isAttached,
  mayMove,
  shareOf,
  type PolicyFacts,
  type ProposedChange,
  type Weights,
  actorText,
} from '@sluice/domain';
import type { Caller, Clock } from '../context.js';
import type { ActionRead, AwsAccess, LoadBalancer, TargetGroupDescription } from '../ports/load-balancer.js';
import { answered } from '../resources/aws-refusals.js';
import { maySee } from '../resources/tenancy.js';
import type { ResourceStore } from '../stores/resource-store.js';

export interface NewRule {
  readonly projectId: string;
  readonly listenerArn: string;
  readonly weights: Weights;
  /** A named person's reason to pass over the health of the target groups. */
  readonly forced?: { readonly reason: string };
}

/** So many of a listener's target groups are asked whether anybody is healthy; with more it counts as live. */
const groupsAsked = 25;
/** Facts read for this call count for it. */
const freshForMs = 60_000;

/**
 * May a rule be made on this listener? It takes requests from what serves them now, at once: so on a listener that serves
 * it is judged as a person's move from the default action's weights, on facts read now. A listener behind which nobody is
 * healthy serves nobody who could lose by it.
 */
export class NewRules {
  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
  ) {}

  /**
   * Returns the weights that the requests went by before: the default action's, empty where it doesn't forward.
   * @throws Conflict with the broken rule's reason and the way out
   */
  async judge(caller: Caller, access: AwsAccess, rule: NewRule): Promise<{ readonly before: Weights }> {
    const actions = await this.#actions(access, rule.listenerArn);
    const before = actions.find((one) => one.routeArn === rule.listenerArn)?.action.weights ?? [];
    const groups = rule.weights.map((one) => one.targetGroupArn);
    const health: Record<string, PolicyFacts['health'][string]> = {};
    if (!(await this.#isLive(access, actions, health))) return { before };
    for (const arn of [...groups, ...before.map((one) => one.targetGroupArn)]) await this.#healthy(access, arn, health);
    const described = await Promise.all(
      groups.map((arn) => answered(this.loadBalancer.describeTargetGroup(access, arn), 'weights')),
    );
    const { change, clusters } = await this.#proposed(caller, rule, before, described);
    const facts: PolicyFacts = { now: this.clock.now(), health, clusters, mask: new Set(), freeze: null };
    const broken = mayMove(change, facts, 'person').find((finding) => finding.effect === 'refuse');
    if (broken)
      throw new Conflict(broken.reason, `The rule would move requests at once. ${broken.message}`, {
        targetGroupArns: groups,
        before,
      });
    return { before };
  }

  async #actions(access: AwsAccess, listenerArn: string): Promise<readonly ActionRead[]> {
    const read = await answered(this.loadBalancer.readActions(access, { kind: 'rulesOf', listenerArn }));
    return [...read.values()].flatMap((one) => {
      if (!('failure' in one)) return [one];
      if (one.failure.code === 'NotAForwardAction') return [];
      throw one.failure;
    });
  }

  async #isLive(
    access: AwsAccess,
    actions: readonly ActionRead[],
    health: Record<string, PolicyFacts['health'][string]>,
  ): Promise<boolean> {
    const weighted = actions.flatMap(({ action: { weights } }) =>
      weights.filter((one) => shareOf(weights, one.targetGroupArn) > 0).map((one) => one.targetGroupArn),
    );
    const groups = [...new Set(weighted)];
    for (const arn of groups.slice(0, groupsAsked)) if (await this.#healthy(access, arn, health)) return true;
    return groups.length > groupsAsked;
  }

  async #healthy(
    access: AwsAccess,
    arn: string,
    health: Record<string, PolicyFacts['health'][string]>,
  ): Promise<boolean> {
    const at = this.clock.now();
    const known = health[arn]?.fact;
    const value = known?.ok ? known.value : await answered(this.loadBalancer.targetHealth(access, arn), 'weights');
    health[arn] = { fact: { ok: true, at, value }, freshForMs };
    return value.healthy > 0;
  }

  /**
   * What is attached to the load balancer already has somebody who checks its health. A target group without a backend
   * stands for itself: nothing is foreign to a rule that isn't there yet.
   */
  async #proposed(
    caller: Caller,
    rule: NewRule,
    before: Weights,
    groups: readonly TargetGroupDescription[],
  ): Promise<{ change: ProposedChange; clusters: PolicyFacts['clusters'] }> {
    const balancer = rule.listenerArn.replace(':listener/', ':loadbalancer/').replace(/\/[^/]+$/, '');
    const waiting = groups
      .filter((one) => one.loadBalancerArns.includes(balancer) && !isAttached(before, one.arn))
      .map((one) => ({ targetGroupArn: one.arn, weight: 0 }));
    const clusters: Record<string, PolicyFacts['clusters'][string]> = {};
    const backends: ProposedChange['backends'][number][] = [];
    for (const { arn, name } of groups) {
      const [backend] = await this.store.read.backends.all({ targetGroupArn: arn });
      const cluster = backend && (await this.store.read.clusters.find(backend.clusterId));
      const clusterId = cluster?.id ?? arn;
      const clusterName = cluster && maySee(caller, cluster.projectId) ? cluster.name : `target group ${name}`;
      const { cordoned = null, retired = null } = cluster ?? {};
      clusters[clusterId] = { name: clusterName, cordoned: cordoned !== null, retired: retired !== null };
      backends.push({ name, clusterId, clusterName, targetGroupArn: arn });
    }
    const change: ProposedChange = {
      routeId: 'new',
      routeName: 'the new rule',
      before: [...before, ...waiting],
      after: rule.weights,
      backends,
      pinned: before.map((one) => one.targetGroupArn).filter((arn) => !groups.some((one) => one.arn === arn)),
      ownership: { kind: 'sluice' },
      acknowledged: true,
      minHealthyTargets: 1,
      forced: rule.forced ? { by: actorText(caller.actor), reason: rule.forced.reason } : null,
    };
    return { change, clusters };
  }
}
