import type { Listener, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { unknownMembers } from './unknown-members.js';

/** A listener or rule as the SDK reads it, with what the SDK does not read of its actions. */
export interface Seen<Thing> {
  readonly of: Thing;
  readonly unknown: readonly string[];
}

/** @param text the reply that the rules came in */
export function seenRules(rules: readonly Rule[] = [], text: string): Seen<Rule>[] {
  const lists = rules.map(({ Actions }) => Actions ?? []);
  const unknown = unknownMembers(text, ['Rules', 'Actions'], lists);
  return rules.map((of, index) => ({ of, unknown: unknown[index] ?? [] }));
}

/** @param text the reply that the listeners came in */
export function seenListeners(listeners: readonly Listener[] = [], text: string): Seen<Listener>[] {
  const lists = listeners.map(({ DefaultActions }) => DefaultActions ?? []);
  const unknown = unknownMembers(text, ['Listeners', 'DefaultActions'], lists);
  return listeners.map((of, index) => ({ of, unknown: unknown[index] ?? [] }));
}
