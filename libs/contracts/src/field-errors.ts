import type { z } from 'zod';
import type { FieldError } from './problem.js';

type Issue = z.core.$ZodIssue;
interface Part {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * What zod found, as `{field, message}`. Unknown keys are named one by one; of a union, the branch that fits best speaks.
 * `place` is put before each path (`query` → `query.limit`); a body's own paths stand alone, the whole body is `body`.
 */
export function fieldErrors(issues: readonly Issue[], place = ''): z.infer<typeof FieldError>[] {
  return issues
    .flatMap((issue) => parts(issue))
    .map(({ path, message }) => ({ field: fieldName(place, path), message }));
}

function fieldName(place: string, path: readonly PropertyKey[]): string {
  const field = [place, ...path.map(String)]
    .filter((part) => part !== '')
    .join('.')
    .slice(0, 300);
  return field === '' ? 'body' : field;
}

function parts(issue: Issue): Part[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, 20)
      .map((key) => ({ path: [...issue.path, key.slice(0, 100)], message: unknownKey(issue) }));
  if (issue.code === 'invalid_key')
    return [
      { path: issue.path, message: `is not a valid key: ${issue.issues.map((inner) => inner.message).join('; ')}` },
    ];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.map((branch) =>
      branch.flatMap((inner) => parts(inner)).map((part) => ({ ...part, path: [...issue.path, ...part.path] })),
    );
    if (branches.every((branch) => branch.every((part) => part.path.length === issue.path.length)))
      return [{ path: issue.path, message: [...new Set(branches.flat().map((part) => part.message))].join(', or: ') }];
    return branches.reduce((best, branch) => (branch.length < best.length ? branch : best));
  }
  return [{ path: issue.path, message: missing(issue) ? 'is needed' : issue.message }];
}

/** A schema may say where a key belongs instead; zod's own sentence says nothing more than the field does. */
function unknownKey({ message }: Issue): string {
  return message.startsWith('Unrecognized key') ? 'is not known here; leave it out' : message;
}

function missing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}
