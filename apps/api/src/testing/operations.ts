import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as contracts from '@sluice/contracts';
import { z } from 'zod';

export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  /** With `{id}` in it. */
  readonly path: string;
  readonly takesBody: boolean;
  readonly bodySchema: string | null;
  readonly statuses: readonly number[];
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            operationId: string;
            requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
            responses: Record<string, unknown>;
          }
        >
      >
    >
  >;
}

/** Every operation that the checked-in OpenAPI document describes: what is tested is what is promised. */
export function describedOperations(): readonly DescribedOperation[] {
  const document = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../openapi.json'), 'utf8')) as Document;
  return Object.entries(document.paths).flatMap(([where, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path: where,
      takesBody: operation.requestBody !== undefined,
      bodySchema:
        operation.requestBody?.content['application/json']?.schema.$ref?.replace('#/components/schemas/', '') ?? null,
      statuses: Object.keys(operation.responses).map(Number),
    })),
  );
}

/** The example of the body's schema, which contracts' own tests show to be valid; an empty object where none is needed. */
export function validBody(operation: DescribedOperation): object | undefined {
  if (!operation.takesBody) return undefined;
  const schema = (contracts as Record<string, unknown>)[operation.bodySchema ?? ''];
  const examples = schema instanceof z.ZodType ? (schema.meta()?.examples as object[] | undefined) : undefined;
  return operation.bodySchema === 'OptionalReasonBody' ? {} : (examples?.[0] ?? {});
}

export const someId = 'rol_0123456789abcdefghij';
export const fill = (where: string, id = someId) => where.replace('{id}', id).replace('{version}', '1');
