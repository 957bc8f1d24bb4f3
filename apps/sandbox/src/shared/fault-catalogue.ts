/** A name, several names, or `*` for all. */
export type Names = string | string[];

/** What the body of each fault may hold. The table below says the same in words and as a JSON schema. */
export interface FaultBodies {
  'aws.throttle': { probability?: number; ratePerSecond?: number; actions?: string[]; accounts?: string[] };
  'aws.serverError': { probability?: number; actions?: string[]; accounts?: string[] };
  'aws.successThenTimeout': { actions?: string[]; accounts?: string[]; count?: number };
  'aws.timeoutThenLateApply': { ms: number; actions?: string[]; accounts?: string[]; count?: number };
  'aws.latency': { ms: number; actions?: string[]; accounts?: string[] };
  'aws.accessDenied': { actions?: string[]; accounts?: string[] };
  'aws.expiredToken': Record<string, never>;
  'aws.staleReads': { ms: number };
  'aws.newerActions': Record<string, never>;
  'dataPlane.propagationDelay': { ms: number };
  'targets.unhealthy': { cluster?: Names; targetGroup?: Names; address?: Names };
  'cluster.down': { name: Names };
  'cluster.latency': { name: Names; ms: number };
  'controller.down': { name: Names };
  'pods.unhealthy': { cluster: Names; namespace?: Names; service?: Names };
}

export type FaultName = keyof FaultBodies;

interface FaultEntry {
  readonly says: string;
  readonly schema: object;
}

const names = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
  ],
};
const actions = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 };
const accounts = { type: 'array', items: { type: 'string', pattern: '^\\d{12}$' }, minItems: 1 };
const aim = { actions, accounts };
const probability = { type: 'number', exclusiveMinimum: 0, maximum: 1 };
const ms = { type: 'number', minimum: 0, maximum: 600_000 };

function body(properties: object, required: readonly string[] = [], minProperties = 0): object {
  return { type: 'object', properties, required, minProperties, additionalProperties: false };
}

/** Every fault the sandbox can show, what it does, and what its body may hold. `docs/sandbox.md` repeats this table. */
export const faultCatalogue: Readonly<Record<FaultName, FaultEntry>> = {
  'aws.throttle': {
    says: 'Calls are refused with Throttling before they take effect: each with the probability, or those above ratePerSecond, or all.',
    schema: body({ probability, ratePerSecond: { type: 'number', exclusiveMinimum: 0 }, ...aim }),
  },
  'aws.serverError': {
    says: 'Calls are answered 500 InternalFailure before they take effect, each with the probability (1 if absent).',
    schema: body({ probability, ...aim }),
  },
  'aws.successThenTimeout': {
    says: 'Mutating calls take effect, then the connection is dropped without a reply; `count` times if given, then the fault ends.',
    schema: body({ ...aim, count: { type: 'integer', minimum: 1 } }),
  },
  'aws.timeoutThenLateApply': {
    says: 'The connection of mutating calls is dropped without a reply, and they take effect only this much later; `count` times if given.',
    schema: body({ ms, ...aim, count: { type: 'integer', minimum: 1 } }, ['ms']),
  },
  'aws.latency': { says: 'Each call waits this long before it is looked at.', schema: body({ ms, ...aim }, ['ms']) },
  'aws.accessDenied': { says: 'Calls are refused with AccessDenied.', schema: body(aim) },
  'aws.expiredToken': { says: 'Temporary credentials are refused with ExpiredToken.', schema: body({}) },
  'aws.staleReads': { says: 'Describe calls show the state as it was this long ago.', schema: body({ ms }, ['ms']) },
  'aws.newerActions': {
    says: 'Replies show forward actions with a member newer than any SDK: ForwardConfig.FailoverConfig.',
    schema: body({}),
  },
  'dataPlane.propagationDelay': {
    says: 'Changes of listeners, rules, weights and targets reach the traffic this much later.',
    schema: body({ ms }, ['ms']),
  },
  'targets.unhealthy': {
    says: 'Health checks of these targets time out (by cluster, target group name or ARN, address); their traffic is not touched.',
    schema: body({ cluster: names, targetGroup: names, address: names }, [], 1),
  },
  'cluster.down': {
    says: 'The API server of these clusters is not reachable.',
    schema: body({ name: names }, ['name']),
  },
  'cluster.latency': {
    says: 'The API server of these clusters waits this long before it looks at a request.',
    schema: body({ name: names, ms }, ['name', 'ms']),
  },
  'controller.down': {
    says: 'The load balancer controller of these clusters, with its webhooks, is not running.',
    schema: body({ name: names }, ['name']),
  },
  'pods.unhealthy': {
    says: 'The pods of these Services answer 503, to health checks too.',
    schema: body({ cluster: names, namespace: names, service: names }, ['cluster']),
  },
};

/** Whether `names` (one, several, or `*`) means `name`. */
export function meansName(names: Names, name: string): boolean {
  const list = typeof names === 'string' ? [names] : names;
  return list.includes('*') || list.includes(name);
}
