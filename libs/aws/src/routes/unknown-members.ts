import { ActionTypeEnum, type Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { XMLParser } from 'fast-xml-parser';

/** Where an action list stands in a reply: `Rules` have `Actions`, `Listeners` have `DefaultActions`. */
export type ActionsPlace = ['Rules', 'Actions'] | ['Listeners', 'DefaultActions'];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  isArray: (name) => name === 'member' || name === 'entry',
});
const types = new Set<string>(Object.values(ActionTypeEnum));

/**
 * What a reply says of actions beyond what the SDK reads. The SDK keeps the members that its version knows and drops
 * others silently, so that a list sent back would lose them.
 * @param text the reply as it came
 * @param lists what the SDK made of each action list in it, in order
 * @returns for each list the paths of what is missing there, counted from 1: `2.ForwardConfig.Tier`
 */
export function unknownMembers(
  text: string,
  [things, actions]: ActionsPlace,
  lists: readonly (readonly Action[])[],
): string[][] {
  const raw = listOf(at(resultOf(text), things)).map((thing) => listOf(at(thing, actions)));
  return lists.map((list, index) => {
    const sent = raw[index];
    if (sent?.length !== list.length) return ['(the reply could not be compared with what was read of it)'];
    return list.flatMap((action, place) => [
      ...unknownType(action, place),
      ...missing(sent[place], action, `${place + 1}`),
    ]);
  });
}

function unknownType({ Type }: Action, place: number): string[] {
  return Type !== undefined && types.has(Type) ? [] : [`${place + 1}.Type=${Type ?? ''}`];
}

/** The paths in `raw` that `read` has nothing for. */
function missing(raw: unknown, read: unknown, path: string): string[] {
  if (typeof raw !== 'object' || raw === null) return [];
  if (Array.isArray(read)) {
    const items = listOf(raw);
    const strange = Object.keys(raw).filter((name) => name !== 'member');
    return [
      ...strange.map((name) => `${path}.${name}`),
      ...(items.length === read.length ? [] : [`${path}.member`]),
      ...items.flatMap((item, index) => missing(item, read[index], `${path}.${index + 1}`)),
    ];
  }
  if (isMap(raw)) return [];
  return Object.entries(raw).flatMap(([name, inner]) => {
    const known = at(read, name);
    return known === undefined ? [`${path}.${name}`] : missing(inner, known, `${path}.${name}`);
  });
}

/** Maps come as `entry` elements of a key and a value; the keys are people's, not AWS's. */
function isMap(raw: object): boolean {
  const entries = Object.entries(raw);
  return entries.length > 0 && entries.every(([name, items]) => name === 'entry' && everyHasKey(items));
}

function everyHasKey(entries: unknown): boolean {
  return Array.isArray(entries) && entries.every((entry) => at(entry, 'key') !== undefined);
}

/** What stands inside `<XResponse><XResult>`; null where the text is not such a reply. */
function resultOf(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = parser.parse(text);
  } catch {
    return null;
  }
  const response = childEnding(parsed, 'Response');
  return childEnding(response, 'Result');
}

function childEnding(value: unknown, ending: string): unknown {
  if (typeof value !== 'object' || value === null) return null;
  return Object.entries(value).find(([name]) => name.endsWith(ending))?.[1] ?? null;
}

function listOf(value: unknown): unknown[] {
  const members = at(value, 'member');
  return Array.isArray(members) ? members : [];
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
