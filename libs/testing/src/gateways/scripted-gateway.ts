import {
  defaultApiBudget,
  defaultReaderSettings,
  ExternalFailure,
  GatewayReader,
  ReadBudget,
  type ActionRead,
  type ActionsRequest,
  type ApiBudget,
  type AwsAccess,
  type CallOptions,
  type ExternalFailureLike,
  type OwnedRoute,
  type ReaderSettings,
  type Wants,
} from '@sluice/control';
import type { Ownership, TargetHealth, Weights } from '@sluice/domain';
import { ManualTimers } from '../timers/manual-timers.js';
import { InMemoryFactStore } from './in-memory-fact-store.js';

/** One request to AWS: when it began (ms since the start), what it was and for whom. */
export interface ScriptedRequest {
  readonly at: number;
  readonly op: 'rules' | 'listeners' | 'tags' | 'health';
  readonly accountId: string;
  readonly arns: readonly string[];
}

const startedAt = Date.UTC(2026, 10, 23, 12);
const region = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333';

export function ruleArn(name: string): string {
  return `${region}:listener-rule/app/shop/1111111111111111/2222222222222222/${name}`;
}
export function groupArn(name: string): string {
  return `${region}:targetgroup/${name}/0000000000000001`;
}

/** A reader with its budget over an AWS that answers at once and keeps count; time moves when the test says so. */
export class ScriptedGateway {
  readonly timers = new ManualTimers();
  readonly facts = new InMemoryFactStore();
  readonly budget: ReadBudget;
  readonly reader: GatewayReader;
  readonly requests: ScriptedRequest[] = [];
  readonly weights = new Map<string, Weights>();
  readonly healthy = new Map<string, number>();
  /** Thrown by requests, by account id or ARN. */
  readonly failing = new Map<string, ExternalFailure>();
  /** Thrown where an account's access is asked for. */
  readonly unreachable = new Map<string, Error>();
  /** How long a request takes, by account id. */
  readonly latencyMs = new Map<string, number>();
  readonly logged: string[] = [];
  lost = 0;

  constructor(options: { readonly budget?: Partial<ApiBudget>; readonly settings?: Partial<ReaderSettings> } = {}) {
    this.budget = new ReadBudget(this.timers, { ...defaultApiBudget, ...options.budget });
    const log = (message: string) => void this.logged.push(message);
    this.reader = new GatewayReader({
      fence: { gatewayId: 'gtw_1', epoch: 1n, grantId: 'grant' },
      facts: this.facts,
      loadBalancer: this,
      access: (accountId) => this.access(accountId),
      budget: this.budget,
      timers: this.timers,
      clock: { now: () => startedAt + this.timers.now() },
      onLost: () => (this.lost += 1),
      settings: { ...defaultReaderSettings, ...options.settings },
      log: { info: log, warn: log },
    });
  }

  /** Instants are the clock's, tests count from 0. */
  sinceStart(instant: number): number {
    return instant - startedAt;
  }

  /** Rules and target groups by name, of `account`. */
  want(
    accountId: string,
    wanted: { rules?: readonly string[]; raised?: readonly string[]; donors?: readonly string[] },
  ): void {
    const route = (name: string): Wants['routes'][number] => ({
      accountId,
      routeId: name,
      arn: ruleArn(name),
      listenerArn: `${region}:listener/app/shop/1111111111111111/2222222222222222`,
      loadBalancerArn: `${region}:loadbalancer/app/shop/1111111111111111`,
      isDefault: false,
    });
    const group = (as: 'raised' | 'donor') => (name: string) => ({ accountId, targetGroupArn: groupArn(name), as });
    this.facts.wanted = {
      ...this.facts.wanted,
      routes: [...this.facts.wanted.routes, ...(wanted.rules ?? []).map(route)],
      health: [
        ...this.facts.wanted.health,
        ...(wanted.raised ?? []).map(group('raised')),
        ...(wanted.donors ?? []).map(group('donor')),
      ],
    };
  }

  async readActions(
    access: AwsAccess,
    request: ActionsRequest,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ActionRead | ExternalFailureLike>> {
    if (request.kind === 'rulesOf') throw new Error('a gateway asks for what it knows by ARN');
    const arns = request.kind === 'rules' ? request.ruleArns : request.listenerArns;
    await options?.take?.(request.kind);
    await this.send(access, request.kind, arns);
    return new Map(
      arns.map((arn) => {
        const failure = this.failing.get(arn);
        return [arn, failure ? { failure } : this.action(arn)];
      }),
    );
  }

  async ownershipOfRoutes(
    access: AwsAccess,
    routes: readonly OwnedRoute[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, Ownership>> {
    const arns = [...new Set(routes.flatMap((one) => [one.routeArn, one.listenerArn, one.loadBalancerArn]))];
    for (let i = 0; i < arns.length; i += 20) {
      await options?.take?.('tags');
      await this.send(access, 'tags', arns.slice(i, i + 20));
    }
    return new Map(routes.map(({ routeArn }) => [routeArn, { kind: 'unowned' }]));
  }

  async targetHealth(access: AwsAccess, targetGroupArn: string, options?: CallOptions): Promise<TargetHealth> {
    await options?.take?.('health');
    await this.send(access, 'health', [targetGroupArn]);
    const failure = this.failing.get(targetGroupArn);
    if (failure) throw failure;
    const healthy = this.healthy.get(targetGroupArn) ?? 2;
    const none = { initial: 0, unhealthy: 0, draining: 0, unused: 0, unavailable: 0 };
    return { targetGroupArn, healthy, ...none, total: healthy, reasons: {} };
  }

  private async access(accountId: string): Promise<AwsAccess> {
    const error = this.unreachable.get(accountId);
    if (error) throw error;
    return { accountId, region: 'eu-west-1', endpoint: null, credentials: null, role: null };
  }

  private async send({ accountId }: AwsAccess, op: ScriptedRequest['op'], arns: readonly string[]): Promise<void> {
    this.requests.push({ at: this.timers.now(), op, accountId, arns });
    const ms = this.latencyMs.get(accountId) ?? 0;
    if (ms > 0) await new Promise<void>((resolve) => this.timers.after(ms, resolve));
    const failure = this.failing.get(accountId);
    if (failure) throw failure;
  }

  private action(arn: string): ActionRead {
    return {
      routeArn: arn,
      loadBalancerArn: `${region}:loadbalancer/app/shop/1111111111111111`,
      listenerArn: `${region}:listener/app/shop/1111111111111111/2222222222222222`,
      isDefault: false,
      action: {
        weights: this.weights.get(arn) ?? [{ targetGroupArn: groupArn('red'), weight: 100 }],
        stickiness: { enabled: false },
        otherActions: [],
      },
      document: { actions: [], unknown: [] },
      protocol: null,
      port: null,
    };
  }
}

export function awsRefuses(code: string, details: { transient?: boolean; throttled?: boolean } = {}): ExternalFailure {
  const { transient = false, throttled = false } = details;
  const kind = transient || throttled ? 'transient' : 'terminal';
  return new ExternalFailure({ system: 'aws', kind, code, throttled, message: `AWS says ${code}` });
}
