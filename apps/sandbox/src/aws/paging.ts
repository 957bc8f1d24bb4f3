import { validationError } from './aws-error.js';
import type { Params } from './params.js';

const maxPageSize = 400;

/**
 * One page of a list ordered by a number that doesn't change under it (creation order, priority): PageSize 1–400, default 400.
 * The marker holds the last number shown, so that what is created or deleted between pages neither repeats nor hides others.
 */
export function page<T>(
  items: readonly T[],
  position: (item: T) => number,
  params: Params,
): { shown: T[]; NextMarker?: string } {
  const size = params.integer('PageSize', 1, maxPageSize) ?? maxPageSize;
  const after = params.string('Marker') ? decodeMarker(params.required('Marker')) : -1;
  const rest = [...items].sort((a, b) => position(a) - position(b)).filter((item) => position(item) > after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  return last === undefined || rest.length <= size ? { shown } : { shown, NextMarker: encodeMarker(position(last)) };
}

function encodeMarker(position: number): string {
  return Buffer.from(`after:${position}`).toString('base64url');
}

function decodeMarker(marker: string): number {
  const position = /^after:(\d+)$/.exec(Buffer.from(marker, 'base64url').toString())?.[1];
  if (position === undefined) throw validationError(`The marker '${marker}' is not valid`);
  return Number(position);
}
