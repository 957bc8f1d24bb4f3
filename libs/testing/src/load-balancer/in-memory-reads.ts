import {
  arnsPerRequest,
  ExternalFailure,
  type ActionRead,
  type ActionsDocument,
  type ActionsRequest,
  type CallOptions,
  type ExternalFailureLike,
  type JsonObject,
  type OwnedRoute,
  type RouteRead,
} from '@sluice/control';
import { ownershipOf, type ForwardAction, type Ownership } from '@sluice/domain';
import { refusal, type InMemoryFaults } from './in-memory-faults.js';
import type { InMemoryWorld } from './in-memory-world.js';

type Outcomes<One> = Map<string, One | ExternalFailureLike>;

/** Reads of routes in an `InMemoryWorld`, by as many requests as AWS would need. */
export class InMemoryReads {
  private frozen: InMemoryWorld | null = null;

  constructor(
    private readonly world: InMemoryWorld,
    private readonly faults: InMemoryFaults,
  ) {}

  /** From now on reads show the routes as they are now. */
  freeze(): void {
    this.frozen = this.world.copy();
  }

  thaw(): void {
    this.frozen = null;
  }

  async actions(request: ActionsRequest, options?: CallOptions): Promise<Outcomes<ActionRead>> {
    if (request.kind === 'rulesOf') return this.rulesOf(request.listenerArn, options);
    const [kind, arns, operation] =
      request.kind === 'rules'
        ? (['rule', request.ruleArns, 'DescribeRules'] as const)
        : (['listener', request.listenerArns, 'DescribeListeners'] as const);
    if (arns.length > arnsPerRequest) throw refusal('TooManyArns', `At most ${arnsPerRequest} at once.`);
    const isOfKind = (arn: string): boolean => arn.split(':')[5]?.split('/')[0] === resourceTypes[kind];
    const asked = [...new Set(arns.filter(isOfKind))];
    const found = await halved(asked, async (batch) => {
      await this.faults.beforeRead(operation, options);
      for (const arn of batch) this.seen.route(arn);
      return new Map(batch.map((arn) => [arn, orFailure(() => this.action(arn, kind === 'listener'))]));
    });
    for (const arn of arns)
      if (!isOfKind(arn)) found.set(arn, { failure: refusal('InvalidArn', `${arn} is not the ARN of a ${kind}.`) });
    return found;
  }

  async owners(routes: readonly OwnedRoute[], options?: CallOptions): Promise<Outcomes<Ownership>> {
    const resources = [...new Set(routes.flatMap(resourcesOf))];
    const gone: Outcomes<string> = new Map();
    for (let from = 0; from < resources.length; from += arnsPerRequest) {
      const found = await halved(resources.slice(from, from + arnsPerRequest), async (batch) => {
        await this.faults.beforeRead('DescribeTags', options);
        return new Map(batch.map((arn) => [arn, this.world.tagged(arn).arn]));
      });
      for (const [arn, one] of found) if (typeof one !== 'string') gone.set(arn, one);
    }
    return new Map(
      routes.map((route): [string, Ownership | ExternalFailureLike] => {
        const failed = resourcesOf(route).flatMap((arn) => gone.get(arn) ?? [])[0];
        return [route.routeArn, typeof failed === 'object' ? failed : this.ownerOf(route)];
      }),
    );
  }

  /** @throws ExternalFailure as `readRoute` does */
  route(routeArn: string): RouteRead {
    const { listener } = this.seen.route(routeArn);
    const read = this.action(routeArn, true);
    return { ...read, protocol: listener.protocol, port: listener.port, ownership: this.ownerOf(read) };
  }

  /** As it is, whatever reads show. */
  liveAction(routeArn: string): ActionRead {
    return this.readOf(this.world.route(routeArn), routeArn, false);
  }

  private get seen(): InMemoryWorld {
    return this.frozen ?? this.world;
  }

  private action(routeArn: string, withListener: boolean): ActionRead {
    return this.readOf(this.seen.route(routeArn), routeArn, withListener);
  }

  private readOf(
    { listener, rule, action }: ReturnType<InMemoryWorld['route']>,
    routeArn: string,
    withListener: boolean,
  ): ActionRead {
    if (action === null) throw refusal('NotAForwardAction', `${routeArn} does not forward to target groups.`);
    return {
      routeArn,
      loadBalancerArn: listener.loadBalancerArn,
      listenerArn: listener.arn,
      protocol: withListener ? listener.protocol : null,
      port: withListener ? listener.port : null,
      isDefault: rule === null,
      action,
      document: documentOf(action, this.faults.unknownMembers),
    };
  }

  private async rulesOf(listenerArn: string, options?: CallOptions): Promise<Outcomes<ActionRead>> {
    const rules = [...this.seen.rules.values()].filter((one) => one.listenerArn === listenerArn).map(({ arn }) => arn);
    for (let page = 0; page <= rules.length; page += 400) await this.faults.beforeRead('DescribeRules', options);
    this.seen.listener(listenerArn);
    return new Map([listenerArn, ...rules].map((arn) => [arn, orFailure(() => this.action(arn, false))]));
  }

  private ownerOf(route: OwnedRoute): Ownership {
    return ownershipOf(resourcesOf(route).map((arn) => this.world.tagged(arn)));
  }
}

const resourceTypes = { rule: 'listener-rule', listener: 'listener' } as const;

/** As AWS refuses a whole batch for one that is gone, and the adapter halves it. */
async function halved<One>(
  arns: readonly string[],
  fetch: (batch: readonly string[]) => Promise<Outcomes<One>>,
): Promise<Outcomes<One>> {
  if (arns.length === 0) return new Map();
  try {
    return await fetch(arns);
  } catch (error) {
    if (!(error instanceof ExternalFailure)) throw error;
    if (arns.length === 1 || !error.code.endsWith('NotFound'))
      return new Map(arns.map((arn) => [arn, { failure: error }]));
    const half = Math.ceil(arns.length / 2);
    const first = await halved(arns.slice(0, half), fetch);
    return new Map([...first, ...(await halved(arns.slice(half), fetch))]);
  }
}

/** The document of an action in memory: the action itself. */
function documentOf({ weights, stickiness, otherActions }: ForwardAction, unknown: readonly string[]): ActionsDocument {
  const forward: JsonObject = {
    weights: weights.map((one) => ({ ...one })),
    stickiness,
    otherActions: otherActions.map((one) => ({ ...one })),
  };
  return { actions: [forward], unknown };
}

/** @throws ExternalFailure terminal `UnknownActionMember`, `StaleBase` */
export function actionIn(routeArn: string, { actions, unknown }: ActionsDocument): ForwardAction {
  if (unknown.length > 0)
    throw refusal('UnknownActionMember', `${routeArn} has what cannot be sent back: ${unknown.join(', ')}.`);
  const [forward] = actions;
  if (forward?.['weights'] === undefined) throw refusal('StaleBase', `The base of ${routeArn} has no forward action.`);
  return JSON.parse(JSON.stringify(forward)) as ForwardAction; // `documentOf` wrote it
}

/** What a lookup gives, or why it doesn't. */
export function orFailure<One>(look: () => One): One | ExternalFailureLike {
  try {
    return look();
  } catch (error) {
    if (error instanceof ExternalFailure) return { failure: error };
    throw error;
  }
}

function resourcesOf({ loadBalancerArn, listenerArn, routeArn }: OwnedRoute): string[] {
  return [...new Set([loadBalancerArn, listenerArn, routeArn])];
}
