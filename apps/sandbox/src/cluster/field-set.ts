import type { JsonRecord } from './json.js';
import { isRecord } from './json.js';

/**
 * A set of field paths of one object, in the tree form of `metadata.managedFields`. Steps are written as there:
 * `f:name` for a field, `k:{"port":80}` for an entry of a keyed list, `v:"x"` for a value of a set.
 */
export class FieldSet {
  readonly children = new Map<string, FieldSet>();

  /** `isMember`: whether the path that leads here is itself in the set. */
  constructor(public isMember = false) {}

  /** The node at a step, made when missing. */
  at(step: string): FieldSet {
    const known = this.children.get(step);
    if (known) return known;
    const made = new FieldSet();
    this.children.set(step, made);
    return made;
  }

  get isEmpty(): boolean {
    return !this.isMember && [...this.children.values()].every((child) => child.isEmpty);
  }

  static combine(
    a: FieldSet | undefined,
    b: FieldSet | undefined,
    keep: (inA: boolean, inB: boolean) => boolean,
  ): FieldSet {
    const result = new FieldSet(keep(a?.isMember ?? false, b?.isMember ?? false));
    for (const step of new Set([...(a?.children.keys() ?? []), ...(b?.children.keys() ?? [])])) {
      const child = FieldSet.combine(a?.children.get(step), b?.children.get(step), keep);
      if (!child.isEmpty) result.children.set(step, child);
    }
    return result;
  }

  union(other: FieldSet): FieldSet {
    return FieldSet.combine(this, other, (a, b) => a || b);
  }

  minus(other: FieldSet): FieldSet {
    return FieldSet.combine(this, other, (a, b) => a && !b);
  }

  intersect(other: FieldSet): FieldSet {
    return FieldSet.combine(this, other, (a, b) => a && b);
  }

  /** Every path in the set as Kubernetes prints it: `.spec.ports[port=80,protocol="TCP"].name`. */
  paths(prefix = ''): string[] {
    return [
      ...(this.isMember ? [prefix] : []),
      ...[...this.children].flatMap(([step, child]) => child.paths(prefix + stepText(step))),
    ];
  }

  toFieldsV1(): JsonRecord {
    const json: JsonRecord = {};
    if (this.isMember && this.children.size > 0) json['.'] = {};
    for (const [step, child] of [...this.children].sort(([a], [b]) => (a < b ? -1 : 1)))
      json[step] = child.toFieldsV1();
    return json;
  }

  static fromFieldsV1(json: JsonRecord, isRoot = true): FieldSet {
    const steps = Object.entries(json).filter(([step]) => step !== '.');
    const set = new FieldSet(!isRoot && (steps.length === 0 || '.' in json));
    for (const [step, child] of steps)
      set.children.set(step, FieldSet.fromFieldsV1(isRecord(child) ? child : {}, false));
    return set;
  }
}

function stepText(step: string): string {
  const body = step.slice(2);
  if (step.startsWith('f:')) return `.${body}`;
  if (step.startsWith('v:')) return `[=${body}]`;
  const keys = JSON.parse(body) as JsonRecord; // a `k:` step is always written by keyStep, from an object
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
