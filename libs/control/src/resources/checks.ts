import { InvalidInput, NotFound, type FieldIssue } from '@sluice/domain';

const idPattern = /^[a-z]{2,8}_[a-z0-9]{1,40}$/;
// NUL and lone surrogates can't be stored in Postgres; other control characters have no place in one line of text.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const unstorable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;
const lineBreaks = /[\r\n\t]/;
const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** An id that could exist; anything else does not, and is not asked of the store. */
export function knownId(what: string, id: string): string {
  if (typeof id !== 'string' || !idPattern.test(id))
    throw new NotFound(
      what,
      String(id)
        .replace(/[^ -~]/g, '?')
        .slice(0, 60),
    );
  return id;
}

/** Collects everything that is wrong with a request, so that a person hears it all at once. */
export class Checks {
  readonly #issues: FieldIssue[] = [];

  add(issue: FieldIssue | null | false): void {
    if (issue) this.#issues.push(issue);
  }

  fail(field: string, message: string): void {
    this.#issues.push({ field, message });
  }

  /** One line of 1–`max` characters that can be stored. */
  line(field: string, value: unknown, max: number, pattern?: RegExp, expected?: string): void {
    if (typeof value !== 'string' || value.trim() === '') this.fail(field, 'must be a text that is not blank');
    else if (value.length > max) this.fail(field, `must be at most ${max} characters, this has ${value.length}`);
    else if (unstorable.test(value) || lineBreaks.test(value)) this.fail(field, 'must not contain control characters');
    else if (pattern && !pattern.test(value)) this.fail(field, expected ?? `must match ${pattern.source}`);
  }

  /** Text that may have line ends (PEM, YAML). */
  text(field: string, value: unknown, max: number): void {
    if (typeof value !== 'string' || value.trim() === '') this.fail(field, 'must be a text that is not blank');
    else if (value.length > max) this.fail(field, `must be at most ${max} characters, this has ${value.length}`);
    else if (unstorable.test(value)) this.fail(field, 'must not contain control characters');
  }

  name(field: string, value: unknown): void {
    this.line(
      field,
      value,
      63,
      /^[A-Za-z0-9]([A-Za-z0-9._ /+-]*[A-Za-z0-9._/+-])?$/,
      'must start with a letter or digit and contain only letters, digits, spaces and . _ / + -',
    );
  }

  arn(field: string, value: unknown): void {
    this.line(field, value, 512, /^arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+$/, 'must be an ARN');
  }

  /** Kubernetes label syntax, at most 32. */
  labels(field: string, value: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(value);
    if (entries.length > 32) this.fail(field, 'must have at most 32 labels');
    for (const [key, label] of entries) {
      if (!labelKey.test(key)) this.fail(field, `the key "${printable(key)}" must be a Kubernetes label key`);
      else if (typeof label !== 'string' || !labelValue.test(label))
        this.fail(`${field}.${key}`, 'must be a Kubernetes label value: up to 63 letters, digits, - _ .');
    }
  }

  /** A Service's port: 1–65535, or a port's name. */
  servicePort(field: string, value: unknown): void {
    const named =
      typeof value === 'string' && value.length <= 15 && /^(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value);
    const numbered = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
    if (!named && !numbered) this.fail(field, 'must be a number 1–65535 or the name of a port');
  }

  /** Every text anywhere in it can be stored. */
  storable(field: string, value: unknown): void {
    const texts: string[] = [];
    JSON.stringify(value, (key, inner: unknown) => {
      texts.push(key);
      if (typeof inner === 'string') texts.push(inner);
      return inner;
    });
    if (texts.some((text) => unstorable.test(text))) this.fail(field, 'must not contain control characters');
  }

  number(field: string, value: unknown, min: number, max: number, integer = true): void {
    if (typeof value !== 'number' || !(value >= min && value <= max) || (integer && !Number.isInteger(value)))
      this.fail(field, `must be ${integer ? 'a whole number' : 'a number'} ${min}–${max}`);
  }

  oneOf(field: string, value: unknown, allowed: readonly string[]): void {
    if (typeof value !== 'string' || !allowed.includes(value)) this.fail(field, `must be one of ${allowed.join(', ')}`);
  }

  /** @throws InvalidInput with everything collected. */
  done(): void {
    if (this.#issues.length > 0) throw new InvalidInput(this.#issues);
  }
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 80);
}

/** A reason a person gives: 1–500 characters. */
export function checkedReason(field: string, reason: unknown): string {
  const checks = new Checks();
  checks.line(field, reason, 500);
  checks.done();
  return String(reason);
}
