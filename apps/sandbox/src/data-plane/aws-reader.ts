import {
  type Action,
  AddTagsCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  DescribeLoadBalancerAttributesCommand,
  ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeRules,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SandboxCredentials } from '../shared/parts.js';
import {
  type ListenerRouting,
  receiversOf,
  type Routing,
  type RuleRouting,
  type TargetGroupRouting,
} from './routing.js';

export const urlTag = 'sandbox/url';
const arnsPerCall = 20;

/** Reads one account and Region as an ordinary client of ELBv2. */
export class AwsReader {
  private readonly client: ElasticLoadBalancingV2Client;

  constructor(
    readonly account: string,
    readonly region: string,
    endpoint: string,
    credentials: SandboxCredentials & { sessionToken?: string },
  ) {
    this.client = new ElasticLoadBalancingV2Client({
      endpoint,
      region,
      credentials,
      maxAttempts: 2,
      requestHandler: { requestTimeout: 10_000 },
    });
  }

  async read(): Promise<Routing> {
    const loadBalancers = await collect(
      paginateDescribeLoadBalancers({ client: this.client }, {}),
      (page) => page.LoadBalancers,
    );
    const listeners = (await mapInTurn(loadBalancers, (item) => this.readListeners(item))).flat();
    const arns = new Set(
      listeners.flatMap((listener) => listener.rules.flatMap((rule) => targetGroupArns(rule.action))),
    );
    const groups = await mapInTurn([...arns], (arn) => this.readTargetGroup(arn));
    return { listeners, targetGroups: new Map(groups.map((group) => [group.arn, group])) };
  }

  /** Says by a tag where a listener is to be reached. */
  async tagUrl(listenerArn: string, url: string): Promise<void> {
    await this.client.send(new AddTagsCommand({ ResourceArns: [listenerArn], Tags: [{ Key: urlTag, Value: url }] }));
  }

  close(): void {
    this.client.destroy();
  }

  private async readListeners({ LoadBalancerArn }: LoadBalancer): Promise<ListenerRouting[]> {
    const listeners = await collect(
      paginateDescribeListeners({ client: this.client }, { LoadBalancerArn }),
      (page) => page.Listeners,
    );
    if (listeners.length === 0) return [];
    const urls = await this.readUrls(listeners.map((listener) => listener.ListenerArn ?? ''));
    const idleTimeoutMs = await this.readIdleTimeoutMs(LoadBalancerArn);
    return mapInTurn(listeners, async (listener) => ({
      arn: listener.ListenerArn ?? '',
      account: this.account,
      region: this.region,
      protocol: listener.Protocol ?? 'HTTP',
      port: listener.Port ?? 80,
      taggedUrl: urls.get(listener.ListenerArn ?? ''),
      idleTimeoutMs,
      rules: await this.readRules(listener),
    }));
  }

  private async readUrls(arns: readonly string[]): Promise<Map<string, string>> {
    const urls = new Map<string, string>();
    for (let start = 0; start < arns.length; start += arnsPerCall) {
      const { TagDescriptions = [] } = await this.client.send(
        new DescribeTagsCommand({ ResourceArns: arns.slice(start, start + arnsPerCall) }),
      );
      for (const { ResourceArn = '', Tags = [] } of TagDescriptions) {
        const url = Tags.find((tag) => tag.Key === urlTag)?.Value;
        if (url !== undefined) urls.set(ResourceArn, url);
      }
    }
    return urls;
  }

  private async readIdleTimeoutMs(LoadBalancerArn: string | undefined): Promise<number> {
    const { Attributes = [] } = await this.client.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
    return Number(Attributes.find((attribute) => attribute.Key === 'idle_timeout.timeout_seconds')?.Value ?? 60) * 1000;
  }

  private async readRules(listener: Listener): Promise<RuleRouting[]> {
    if (listener.Protocol !== 'HTTP' && listener.Protocol !== 'HTTPS')
      return toRules([{ Priority: 'default', Actions: listener.DefaultActions }]);
    return toRules(
      await collect(
        paginateDescribeRules({ client: this.client }, { ListenerArn: listener.ListenerArn }),
        (page) => page.Rules,
      ),
    );
  }

  private async readTargetGroup(arn: string): Promise<TargetGroupRouting> {
    const { TargetHealthDescriptions = [] } = await this.client.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
    );
    const { Attributes = [] } = await this.client.send(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }),
    );
    const attribute = (key: string): string | undefined => Attributes.find((candidate) => candidate.Key === key)?.Value;
    const sticky = attribute('stickiness.enabled') === 'true' && attribute('stickiness.type') === 'lb_cookie';
    return {
      arn,
      stickySeconds: sticky ? Number(attribute('stickiness.lb_cookie.duration_seconds') ?? 86_400) : undefined,
      receivers: receiversOf(
        TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
          id: Target?.Id ?? '',
          port: Target?.Port ?? 0,
          state: TargetHealth?.State ?? '',
        })),
      ),
    };
  }
}

function toRules(rules: readonly Rule[]): RuleRouting[] {
  const position = (rule: Rule): number => (rule.Priority === 'default' ? Infinity : Number(rule.Priority));
  return [...rules]
    .sort((a, b) => position(a) - position(b))
    .flatMap((rule) => {
      const action = [...(rule.Actions ?? [])].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0)).at(-1);
      return action === undefined ? [] : [{ conditions: rule.Conditions ?? [], action }];
    });
}

function targetGroupArns(action: Action): string[] {
  const listed = action.ForwardConfig?.TargetGroups?.flatMap((tuple) => tuple.TargetGroupArn ?? []) ?? [];
  return listed.length > 0 ? listed : action.TargetGroupArn === undefined ? [] : [action.TargetGroupArn];
}

async function collect<P, T>(pages: AsyncIterable<P>, itemsOf: (page: P) => readonly T[] | undefined): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...(itemsOf(page) ?? []));
  return items;
}

/** One after the other: on loopback that costs little, and it keeps the SDK from opening a socket per item. */
async function mapInTurn<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await map(item));
  return results;
}
