import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { dryRunQuery, Id, pageQuery } from '@sluice/contracts';
import type { PageRequest } from '@sluice/control';
import { InvalidInput, PreconditionFailed } from '@sluice/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** `{id}` in a path. */
export const IdPath = z.strictObject({ id: Id });
export type IdPath = z.output<typeof IdPath>;

/** Endpoints that take no query say so: an unknown parameter is an error, never silently nothing. */
export const NoQuery = z.strictObject({});
export const DryRunQuery = z.strictObject(dryRunQuery);
export type DryRunQuery = z.output<typeof DryRunQuery>;

/** What is answered from the newest look by itself, and from a look of now where the caller asks for it. */
export const FreshQuery = z.strictObject({
  fresh: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe("true = look now, last in the account's read budget; default: the newest look, with its age."),
});
export type FreshQuery = z.output<typeof FreshQuery>;

/** A verb without anything to say: no body, or an empty object. */
export const NoBody = z
  .strictObject({})
  .optional()
  .meta({ id: 'NoBody', description: 'Nothing: leave the body out, or send an empty object.' });

export function pageOf(query: { readonly limit: number; readonly cursor?: string | undefined }): PageRequest {
  return { limit: query.limit, cursor: query.cursor ?? null };
}

/** Query of a list: `limit`, `cursor`, `projectId` and what else filters it. */
export function listQuery<T extends z.ZodRawShape>(filters: T) {
  return z.strictObject({
    ...pageQuery,
    projectId: Id.optional().describe("Only this project's; a token that is bound to one sees only that anyway."),
    ...filters,
  });
}

/** `app=shop,stage=production` */
export const LabelsQuery = z
  .string()
  .max(2000)
  .regex(/^[^=,\s]+=[^=,\s]*(,[^=,\s]+=[^=,\s]*)*$/, 'must be label=value pairs, separated by commas')
  .transform((text) => Object.fromEntries(text.split(',').map((pair) => pair.split('=', 2))) as Record<string, string>)
  .optional()
  .describe('Only those with all of these labels: `app=shop,stage=production`.');

/** The version in If-Match (`"7"`, `W/"7"` or `7`), or undefined when absent or `*`. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): number | undefined => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(header.trim())?.[1];
  if (version === undefined)
    throw new InvalidInput([
      { field: 'header.if-match', message: 'must be the ETag of an earlier reply, such as "7"' },
    ]);
  return Number(version);
});

/** Options of a use case from If-Match and dryRun; what is absent is left out. */
export function mutation(
  ifVersion: number | undefined,
  query?: { readonly dryRun?: boolean },
): { ifVersion?: number; dryRun?: boolean } {
  return { ...(ifVersion === undefined ? {} : { ifVersion }), ...(query?.dryRun === true ? { dryRun: true } : {}) };
}

/** If-Match where the use case itself takes no version: what it does is safe to repeat. */
export function expectVersion(current: { readonly version: number }, ifVersion: number): void {
  if (current.version !== ifVersion)
    throw new PreconditionFailed(`This is version ${current.version} by now, not ${ifVersion}: read it again.`, {
      version: current.version,
    });
}
