import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { faultCatalogue, type FaultBodies, type FaultName } from './fault-catalogue.js';

export { meansName, type FaultBodies, type FaultName } from './fault-catalogue.js';

type Listener = (name: FaultName) => void;

/** What came of an attempt to switch a fault on. `detail` is for the person who asked. */
export type SetResult = { kind: 'set' } | { kind: 'refused'; reason: 'UnknownFault' | 'InvalidBody'; detail: string };

/**
 * The faults that are switched on at present, by name. They live as long as the process: a restart begins without any.
 * A part asks with `get` at the moment it acts, or subscribes with `onChange` when it has to act at the switch itself.
 */
export class Faults {
  private readonly active = new Map<FaultName, unknown>();
  private readonly listeners = new Set<Listener>();
  private readonly validators = compileValidators();

  /** The body of the fault, or undefined while it is off. */
  get<N extends FaultName>(name: N): FaultBodies[N] | undefined {
    return this.active.get(name) as FaultBodies[N] | undefined; // `set` is the only writer and ties body to name
  }

  /** Switches a fault on or replaces its body. */
  set<N extends FaultName>(name: N, body: FaultBodies[N]): void {
    this.active.set(name, body);
    this.tell(name);
  }

  /** Switches a fault on from what came over the wire: unknown names and wrong bodies are refused with a reason. */
  setUnchecked(name: string, body: unknown): SetResult {
    const known = (Object.keys(faultCatalogue) as FaultName[]).find((candidate) => candidate === name);
    if (known === undefined) {
      return {
        kind: 'refused',
        reason: 'UnknownFault',
        detail: `There is no fault "${name}". There are: ${Object.keys(faultCatalogue).join(', ')}.`,
      };
    }
    const validate = this.validators.get(known);
    if (validate !== undefined && !validate(body)) {
      const first = validate.errors?.[0];
      const where = first?.instancePath ? `body${first.instancePath.replaceAll('/', '.')}` : 'body';
      return {
        kind: 'refused',
        reason: 'InvalidBody',
        detail: `The ${where} of ${known} ${first?.message ?? 'is not valid'}. ${faultCatalogue[known].says}`,
      };
    }
    this.active.set(known, body);
    this.tell(known);
    return { kind: 'set' };
  }

  /** Switches a fault off; nothing happens if it was not on. */
  clear(name: FaultName): void {
    if (this.active.delete(name)) this.tell(name);
  }

  clearAll(): void {
    for (const name of [...this.active.keys()]) this.clear(name);
  }

  /** Everything that is on, by name. */
  all(): Partial<FaultBodies> {
    return Object.fromEntries(this.active);
  }

  /** Calls the listener after each change with the fault's name; answers how to unsubscribe. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(name: FaultName): void {
    for (const listener of this.listeners) listener(name);
  }
}

function compileValidators(): Map<string, ValidateFunction> {
  const ajv = new Ajv({ allErrors: false, allowUnionTypes: true });
  return new Map(Object.entries(faultCatalogue).map(([name, entry]) => [name, ajv.compile(entry.schema)]));
}
