export const actorKinds = ['person', 'token', 'engine'] as const;
export type ActorKind = (typeof actorKinds)[number];

/** Who did something: a person, a program with a token, or a part of Sluice itself. */
export interface Actor {
  readonly kind: ActorKind;
  /** A token's id stays the same when its name is given to another one; the engine's parts are called by their names. */
  readonly id: string;
  readonly name: string;
}

/** The parts of Sluice that change things without being asked at that moment. */
export type EnginePart =
  | 'accounts' // proves account numbers
  | 'agent-liveness' // asks clusters whether they answer
  | 'bindings' // reads bindings back
  | 'drift' // compares what is live with what was written
  | 'gateway' // sends and settles writes
  | 'rollout' // decides
  | 'schedule' // starts what is due
  | 'start'; // makes the first token

export function engineActor(part: EnginePart): Actor {
  return { kind: 'engine', id: part, name: part };
}

/** As the ledger and `createdBy` name an actor: `token:ci`, `engine:drift`. */
export function actorText({ kind, name }: Actor): string {
  return `${kind}:${name}`;
}
