/** Every kind of thing whose changes by people and programs are told, each with what it was before and is after. */
export const recordedKinds = [
  'project',
  'account',
  'cluster',
  'route',
  'backend',
  'binding',
  'provisioned',
  'plan',
  'token',
] as const;
export type RecordedKind = (typeof recordedKinds)[number];

const verbs = ['created', 'changed', 'removed'] as const;
export type RecordedType = `${RecordedKind}.${(typeof verbs)[number]}`;

/** What the engine tells of its own work, and people of rollouts. */
const others = [
  'rollout.created',
  'rollout.changed',
  'decision.made',
  'route.weights',
  'route.drift',
  'route.drift.cleared',
] as const;

export type EventType = RecordedType | (typeof others)[number];

/** Every type that an event can have. Described in docs/api.md; the database refuses any other. */
export const eventTypes: readonly EventType[] = [
  ...recordedKinds.flatMap((kind) => verbs.map((verb): RecordedType => `${kind}.${verb}`)),
  ...others,
];
