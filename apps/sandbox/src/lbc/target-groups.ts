import {
  DeregisterTargetsCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  type TargetDescription,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { errorText } from '../shared/error-facts.js';

const chunkSize = 200;

/** The controller's calls to ELBv2. Errors are AWS's own. */
export class TargetGroups {
  constructor(private readonly client: ElasticLoadBalancingV2Client) {}

  static at(
    endpoint: string,
    region: string,
    credentials: { accessKeyId: string; secretAccessKey: string },
  ): TargetGroups {
    return new TargetGroups(new ElasticLoadBalancingV2Client({ endpoint, region, credentials, maxAttempts: 3 }));
  }

  async describe(by: { arn: string } | { name: string }): Promise<TargetGroup[]> {
    const answer = await this.client.send(
      new DescribeTargetGroupsCommand('arn' in by ? { TargetGroupArns: [by.arn] } : { Names: [by.name] }),
    );
    return answer.TargetGroups ?? [];
  }

  /** Value of one tag of the target group. */
  async tag(arn: string, key: string): Promise<string | undefined> {
    const answer = await this.client.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
    return answer.TagDescriptions?.[0]?.Tags?.find((tag) => tag.Key === key)?.Value;
  }

  /** Registered targets as `id:port`; those on their way out are told apart. */
  async targets(arn: string): Promise<{ active: string[]; draining: string[] }> {
    const answer = await this.client.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }));
    const all = (answer.TargetHealthDescriptions ?? []).map((each) => ({
      key: `${each.Target?.Id ?? ''}:${each.Target?.Port ?? 0}`,
      isDraining: each.TargetHealth?.State === 'draining',
    }));
    return {
      active: all.filter((each) => !each.isDraining).map((each) => each.key),
      draining: all.filter((each) => each.isDraining).map((each) => each.key),
    };
  }

  async register(arn: string, targets: readonly string[]): Promise<void> {
    for (const chunk of chunks(targets))
      await this.client.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: chunk.map(toTarget) }));
  }

  async deregister(arn: string, targets: readonly string[]): Promise<void> {
    for (const chunk of chunks(targets))
      await this.client.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: chunk.map(toTarget) }));
  }

  close(): void {
    this.client.destroy();
  }
}

function toTarget(key: string): TargetDescription {
  const at = key.lastIndexOf(':');
  return { Id: key.slice(0, at), Port: Number(key.slice(at + 1)) };
}

function chunks(targets: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(targets.length / chunkSize) }, (_, index) =>
    targets.slice(index * chunkSize, (index + 1) * chunkSize),
  );
}

/** How the controller quotes an AWS failure: operation, status, code and message. */
export function quoteAwsError(error: unknown, operation: string): string {
  const { $metadata: metadata, name = '' } = error as {
    $metadata?: { httpStatusCode?: number; requestId?: string };
    name?: string;
  }; // the SDK's own errors carry it
  if (metadata?.httpStatusCode === undefined)
    return `operation error Elastic Load Balancing v2: ${operation}, ${errorText(error)}`;
  const code = name.replace(/Exception$/, '');
  return `operation error Elastic Load Balancing v2: ${operation}, https response error StatusCode: ${metadata.httpStatusCode}, RequestID: ${metadata.requestId ?? ''}, ${code}: ${errorText(error)}`;
}

export function isTargetGroupMissing(error: unknown): boolean {
  return /^TargetGroupNotFound(Exception)?$/.test((error as { name?: string }).name ?? '');
}
