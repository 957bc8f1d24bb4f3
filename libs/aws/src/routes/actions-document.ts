import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ActionsDocument, Json, JsonObject, WriteBase } from '@sluice/control';
import { refusal } from '../failures/refusal.js';

/** The action list that a listener or rule was read with, as a document that a later write can stand on. */
export function documentOf(actions: readonly Action[], unknown: readonly string[] = []): ActionsDocument {
  return { actions: actions.map((action) => objectOf(action)), unknown };
}

/**
 * The action list of a base, for sending.
 * @throws ExternalFailure terminal `UnknownActionMember`, `StaleBase`
 */
export function actionsOf({ routeArn, document: { actions, unknown } }: WriteBase): readonly Action[] {
  if (unknown.length > 0) {
    throw refusal(
      'UnknownActionMember',
      `Nothing was sent to AWS for ${routeArn}: its actions have what this version cannot send back, and a write would take it away (${unknown.join(', ')}). Take it out at AWS, or update Sluice.`,
    );
  }
  if (actions.every(isAction) && actions.some(({ Type }) => Type === 'forward')) return actions;
  throw refusal(
    'StaleBase',
    `Nothing was sent to AWS for ${routeArn}: what the write stands on has no forward action. Read the route, then write.`,
  );
}

/** What `documentOf` made of one; members that AWS doesn't take it refuses. */
function isAction(value: JsonObject): value is JsonObject & Action {
  return typeof value['Type'] === 'string';
}

/** Without absent members and without secrets: AWS never gives the OIDC secret away, and what is stored must not have one. */
function objectOf(value: object): JsonObject {
  const members = Object.entries(value).filter(([name, one]) => one !== undefined && name !== 'ClientSecret');
  return Object.fromEntries(members.map(([name, one]) => [name, jsonOf(one)]));
}

function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) return objectOf(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}
