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

type Marks = Readonly<Record<string, string>>;

/** What was read of each ARN, with the mark that it had before. */
class Kept<T> {
  private readonly byArn = new Map<string, { readonly mark: string; readonly value: T }>();

  async of(arn: string, marks: Marks, read: () => Promise<T>): Promise<T> {
    const mark = marks[arn];
    const kept = this.byArn.get(arn);
    if (mark !== undefined && kept?.mark === mark) return kept.value;
    const value = await read();
    if (mark !== undefined) this.byArn.set(arn, { mark, value });
    return value;
  }

  keepOnly(arns: ReadonlySet<string>): void {
    for (const arn of this.byArn.keys()) if (!arns.has(arn)) this.byArn.delete(arn);
  }
}

/** Reads one account and Region as an ordinary client of ELBv2. */
export class AwsReader {
  private readonly listeners = new Kept<ListenerRouting>();
  private readonly groups = new Kept<TargetGroupRouting>();
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

  /** `marks`: by ARN; what still has the mark that it was read with isn't read again. Without them all is read. */
  async read(marks: Marks = {}): Promise<Routing> {
    const loadBalancers = await collect(
      paginateDescribeLoadBalancers({ client: this.client }, {}),
      (page) => page.LoadBalancers,
    );
    const listeners = (await mapInTurn(loadBalancers, (item) => this.readListeners(item, marks))).flat();
    const arns = new Set(
      listeners.flatMap((listener) => listener.rules.flatMap((rule) => targetGroupArns(rule.action))),
    );
    const groups = await mapInTurn([...arns], (arn) => this.groups.of(arn, marks, () => this.readTargetGroup(arn)));
    this.listeners.keepOnly(new Set(listeners.map(({ arn }) => arn)));
    this.groups.keepOnly(arns);
    return { listeners, targetGroups: new Map(groups.map((group) => [group.arn, group])) };
  }

  /** Says by a tag where a listener is to be reached. */
  async tagUrl(listenerArn: string, url: string): Promise<void> {
    await this.client.send(new AddTagsCommand({ ResourceArns: [listenerArn], Tags: [{ Key: urlTag, Value: url }] }));
  }

  close(): void {
    this.client.destroy();
  }

  private async readListeners({ LoadBalancerArn }: LoadBalancer, marks: Marks): Promise<ListenerRouting[]> {
    const listeners = await collect(
      paginateDescribeListeners({ client: this.client }, { LoadBalancerArn }),
      (page) => page.Listeners,
    );
    return mapInTurn(listeners, (listener) =>
      this.listeners.of(listener.ListenerArn ?? '', marks, () => this.readListener(listener)),
    );
  }

  private async readListener(listener: Listener): Promise<ListenerRouting> {
    const { ListenerArn: arn = '' } = listener;
    return {
      arn,
      account: this.account,
      region: this.region,
      protocol: listener.Protocol ?? 'HTTP',
      port: listener.Port ?? 80,
      taggedUrl: await this.readUrl(arn),
      idleTimeoutMs: await this.readIdleTimeoutMs(listener.LoadBalancerArn),
      rules: await this.readRules(listener),
    };
  }

  private async readUrl(arn: string): Promise<string | undefined> {
    const { TagDescriptions = [] } = await this.client.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
    return TagDescriptions[0]?.Tags?.find((tag) => tag.Key === urlTag)?.Value;
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
