import { validationError } from './aws-error.js';

interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/**
 * The parameters of one Query call, read as a tree: `Actions.member.1.Order` of ELBv2 and STS, `Filter.1.Name` of EC2.
 * An empty list counts as not given, as in AWS. Readers refuse what has the wrong type with ValidationError.
 */
export class Params {
  private constructor(
    private readonly node: Node,
    private readonly path: string,
  ) {}

  static parse(form: URLSearchParams): Params {
    const root: Node = { children: new Map() };
    for (const [key, value] of form) {
      let node = root;
      for (const part of key.split('.')) {
        const next = node.children.get(part) ?? { children: new Map<string, Node>() };
        node.children.set(part, next);
        node = next;
      }
      node.value = value;
    }
    return new Params(root, '');
  }

  /** Where `name` stands, for messages. */
  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  has(name: string): boolean {
    return this.node.children.has(name);
  }

  string(name: string): string | undefined {
    return this.node.children.get(name)?.value;
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === '')
      throw validationError(`The parameter '${this.at(name)}' must be specified`);
    return value;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) {
      throw validationError(
        `Value '${value}' at '${this.at(name)}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
      );
    }
    return found;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (Number.isNaN(number)) throw validationError(`Value '${value}' at '${this.at(name)}' must be an integer`);
    if (number < min || number > max)
      throw validationError(`Value '${value}' at '${this.at(name)}' must be between ${min} and ${max}`);
    return number;
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false')
      throw validationError(`Value '${value}' at '${this.at(name)}' must be true or false`);
    return value === 'true';
  }

  struct(name: string): Params | undefined {
    const node = this.node.children.get(name);
    return node === undefined || node.children.size === 0 ? undefined : new Params(node, this.at(name));
  }

  /** The members of a list in their order, or undefined if there are none. */
  structs(name: string): Params[] | undefined {
    const members = this.members(name);
    return members.length === 0 ? undefined : members.map(([path, node]) => new Params(node, path));
  }

  /** As `structs`, for lists of plain values. */
  strings(name: string): string[] | undefined {
    const values = this.members(name).flatMap(([, node]) => (node.value === undefined ? [] : [node.value]));
    return values.length === 0 ? undefined : values;
  }

  /** A map parameter, `entry.1.key` and `entry.1.value`. */
  map(name: string): Record<string, string> | undefined {
    const entries = this.struct(name)?.structs('entry');
    return entries && Object.fromEntries(entries.map((entry) => [entry.required('key'), entry.string('value') ?? '']));
  }

  private members(name: string): [string, Node][] {
    const list = this.node.children.get(name);
    if (list === undefined) return [];
    const member = list.children.get('member');
    const parent = member ?? list;
    const prefix = member === undefined ? this.at(name) : `${this.at(name)}.member`;
    return [...parent.children]
      .filter(([index]) => /^\d+$/.test(index))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([index, node]) => [`${prefix}.${index}`, node]);
  }
}
