import { DescribeTargetGroupAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  ExternalFailure,
  LoadBalancer,
  type ActionRead,
  type ActionsRequest,
  type AwsAccess,
  type AwsIdentity,
  type CallOptions,
  type CreateLoadBalancer,
  type CreateTargetGroup,
  type ExternalFailureLike,
  type ListenerDescription,
  type LoadBalancerDescription,
  type OwnedRoute,
  type RouteRead,
  type TargetGroupDescription,
  type WriteBase,
  type WriteOutcome,
} from '@sluice/control';
import type { Ownership, TaggedResource, TargetHealth, Weights } from '@sluice/domain';
import { AccessClients } from './clients/access-clients.js';
import { AwsCall } from './clients/aws-call.js';
import { asReplies } from './clients/batches.js';
import { unreadableReply } from './clients/paging.js';
import { readIdentity } from './identity.js';
import {
  createListener,
  createLoadBalancer,
  createRule,
  createTargetGroup,
  type ListenerSpec,
  type RuleSpec,
} from './provisioning/creation.js';
import { deleteListener, deleteLoadBalancer, deleteRule, deleteTargetGroup } from './provisioning/deletion.js';
import {
  countLoadBalancers,
  describeListener,
  describeLoadBalancer,
  describeTargetGroup,
  partsOf,
} from './provisioning/descriptions.js';
import { readActions } from './routes/action-reader.js';
import { readOwnership } from './routes/ownership-reader.js';
import { readRoutes } from './routes/route-reader.js';
import { writeWeights } from './routes/route-writer.js';
import { readTags } from './tags.js';
import { readTargetHealth } from './target-health.js';

export interface ElbV2Options {
  /** Whether `credentials: null` may use the process's own credentials; only `serve` says yes. Default false. */
  readonly allowDefaultChain?: boolean;
  /** For one connection. Default 1500. */
  readonly connectTimeoutMs?: number;
  /** For one request to AWS. Default 5000. */
  readonly requestTimeoutMs?: number;
  /** For one call of the port that names no `timeoutMs`, all its requests together. Default 15 000. */
  readonly callTimeoutMs?: number;
}

/** The load balancer port on ELBv2 (API version 2015-12-01), for any number of accounts and Regions at once. */
export class ElbV2LoadBalancer extends LoadBalancer {
  private readonly clients: AccessClients;
  private readonly callTimeoutMs: number;

  constructor({
    allowDefaultChain = false,
    connectTimeoutMs = 1500,
    requestTimeoutMs = 5000,
    callTimeoutMs = 15_000,
  }: ElbV2Options = {}) {
    super();
    this.clients = new AccessClients({ allowDefaultChain, connectTimeoutMs, requestTimeoutMs });
    this.callTimeoutMs = callTimeoutMs;
  }

  async check(
    access: AwsAccess,
    options?: CallOptions,
  ): Promise<{ accountId: string; arn: string; loadBalancers: number }> {
    const call = this.call(access, options);
    const { accountNumber, arn } = await readIdentity(call, access.region);
    return { accountId: accountNumber, arn, loadBalancers: await countLoadBalancers(call) };
  }

  identity(access: AwsAccess, options?: CallOptions): Promise<AwsIdentity> {
    return readIdentity(this.call(access, options), access.region);
  }

  async readActions(
    access: AwsAccess,
    request: ActionsRequest,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ActionRead | ExternalFailureLike>> {
    return asReplies(await readActions(this.call(access, options), request));
  }

  async ownershipOfRoutes(
    access: AwsAccess,
    routes: readonly OwnedRoute[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, Ownership | ExternalFailureLike>> {
    return asReplies(await readOwnership(this.call(access, options), routes));
  }

  async readRoute(access: AwsAccess, routeArn: string, options?: CallOptions): Promise<RouteRead> {
    const outcome = (await readRoutes(this.call(access, options), [routeArn])).get(routeArn);
    if (outcome === undefined || outcome instanceof ExternalFailure)
      throw outcome ?? unreadableReply('DescribeRules', routeArn, 'such route');
    return outcome;
  }

  async readRoutes(
    access: AwsAccess,
    routeArns: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, RouteRead | ExternalFailureLike>> {
    return asReplies(await readRoutes(this.call(access, options), routeArns));
  }

  writeWeights(access: AwsAccess, base: WriteBase, weights: Weights, options?: CallOptions): Promise<WriteOutcome> {
    return writeWeights(this.call(access, options), base, weights);
  }

  targetHealth(access: AwsAccess, targetGroupArn: string, options?: CallOptions): Promise<TargetHealth> {
    return readTargetHealth(this.call(access, options), targetGroupArn);
  }

  async tagsOf(access: AwsAccess, arns: readonly string[], options?: CallOptions): Promise<readonly TaggedResource[]> {
    const outcomes = await readTags(this.call(access, options), arns);
    return [...outcomes.values()].map((outcome) => {
      if (outcome instanceof ExternalFailure) throw outcome;
      return outcome;
    });
  }

  describeLoadBalancer(access: AwsAccess, arn: string, options?: CallOptions): Promise<LoadBalancerDescription> {
    return describeLoadBalancer(this.call(access, options), arn);
  }

  describeTargetGroup(access: AwsAccess, arn: string, options?: CallOptions): Promise<TargetGroupDescription> {
    return describeTargetGroup(this.call(access, options), arn);
  }

  describeListener(access: AwsAccess, arn: string, options?: CallOptions): Promise<ListenerDescription> {
    return describeListener(this.call(access, options), arn);
  }

  partsOf(access: AwsAccess, arn: string, options?: CallOptions): Promise<readonly string[]> {
    return partsOf(this.call(access, options), arn);
  }

  createLoadBalancer(
    access: AwsAccess,
    spec: CreateLoadBalancer,
    options?: CallOptions,
  ): Promise<LoadBalancerDescription> {
    return createLoadBalancer(this.call(access, options), spec);
  }

  createTargetGroup(
    access: AwsAccess,
    spec: CreateTargetGroup,
    options?: CallOptions,
  ): Promise<TargetGroupDescription> {
    return createTargetGroup(this.call(access, options), spec);
  }

  createListener(access: AwsAccess, spec: ListenerSpec, options?: CallOptions): Promise<ListenerDescription> {
    return createListener(this.call(access, options), spec);
  }

  createRule(access: AwsAccess, spec: RuleSpec, options?: CallOptions): Promise<{ arn: string }> {
    return createRule(this.call(access, options), spec);
  }

  deleteRule(access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return deleteRule(this.call(access, options), arn);
  }

  deleteListener(access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return deleteListener(this.call(access, options), arn);
  }

  deleteTargetGroup(access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return deleteTargetGroup(this.call(access, options), arn);
  }

  deleteLoadBalancer(access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return deleteLoadBalancer(this.call(access, options), arn);
  }

  async deregistrationDelayMs(access: AwsAccess, targetGroupArn: string, options?: CallOptions): Promise<number> {
    const key = 'deregistration_delay.timeout_seconds';
    const reply = await this.call(access, options).read(
      'DescribeTargetGroupAttributes',
      targetGroupArn,
      (client, http) => client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }), http),
    );
    const seconds = Number(reply.Attributes?.find(({ Key }) => Key === key)?.Value ?? Number.NaN);
    if (!Number.isFinite(seconds)) throw unreadableReply('DescribeTargetGroupAttributes', targetGroupArn, key);
    return seconds * 1000;
  }

  /** Closes every connection to AWS. */
  close(): void {
    this.clients.close();
  }

  private call(access: AwsAccess, options: CallOptions = {}): AwsCall {
    return new AwsCall(this.clients, access, options, this.callTimeoutMs);
  }
}
