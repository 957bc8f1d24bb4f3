import { conflictReasons, namesOf } from '@sluice/domain';
import { z } from 'zod';

/** Where the types of problems are explained: `docs/api.md`, one heading each. */
export const problemTypeBase = 'https://sluice.dev/problems/';

/** Every type a reply can carry, with its status and title. Their meaning and the way out stand in docs/api.md. */
export const problemTypes = {
  'invalid-input': { status: 400, title: 'The request is not valid' },
  'malformed-body': { status: 400, title: 'The body cannot be read' },
  unauthenticated: { status: 401, title: 'A valid bearer token is needed' },
  forbidden: { status: 403, title: 'This token may not do that' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  conflict: { status: 409, title: 'The present state forbids it' },
  'idempotency-key-in-use': { status: 409, title: 'The first request with this Idempotency-Key is still under way' },
  'precondition-failed': { status: 412, title: 'What was expected does not hold' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'idempotency-key-reused': { status: 422, title: 'This Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'This token asks for too much' },
  internal: { status: 500, title: 'Something went wrong in Sluice' },
  'external-refusal': { status: 502, title: 'AWS or the cluster refused' },
  'external-unavailable': { status: 503, title: 'AWS or the cluster cannot be reached now' },
  unavailable: { status: 503, title: 'Sluice cannot serve this now' },
} as const;
export type ProblemType = keyof typeof problemTypes;

export const FieldError = z
  .object({
    field: z
      .string()
      .describe('Path of the field: `steps.0.shares`; `query.limit`, `path.id` or `header.if-match` outside the body.'),
    message: z.string().describe('What is wrong and what to do about it.'),
  })
  .meta({ id: 'FieldError', description: 'One thing wrong with what was sent.' });

export const Problem = z
  .object({
    type: z
      .string()
      .describe('URI of the kind of problem, explained in the API guide.')
      .meta({ examples: [`${problemTypeBase}conflict`] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened and what to do next.'),
    instance: z.string().optional().describe('The path that was asked for.'),
    requestId: z.string().optional().describe('Finds the request in the logs.'),
    reason: z
      .enum(namesOf(conflictReasons))
      .optional()
      .describe('Why the present state forbids it; for programs.')
      .meta({ examples: ['VerbNotAllowed'] }),
    errors: z.array(FieldError).optional().describe('Every field that is wrong.'),
    facts: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('What is there now: for example the verbs that are allowed, or the live weights.'),
    system: z.enum(['aws', 'kubernetes']).optional().describe('Who refused or could not be reached.'),
    code: z
      .string()
      .optional()
      .describe('Its own code, unchanged.')
      .meta({ examples: ['AccessDenied'] }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details (application/problem+json).' });
export type Problem = z.infer<typeof Problem>;
