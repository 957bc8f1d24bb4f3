import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { fieldErrors } from '@sluice/contracts';
import { InvalidInput } from '@sluice/domain';
import { z } from 'zod';

const places: Readonly<Record<ArgumentMetadata['type'], string>> = {
  body: '',
  query: 'query',
  param: 'path',
  custom: '',
};

/** Checks what a parameter's `schema` says, and names every field that is wrong. */
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const { schema } = metadata;
    if (!(schema instanceof z.ZodType)) return value;
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    throw new InvalidInput(fieldErrors(read.error.issues, places[metadata.type]));
  }
}
