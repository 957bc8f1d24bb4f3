import { InvalidInput } from '@sluice/domain';

/** Opaque page cursors: the sort key of the last row shown, base64url. */
export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The sort key inside a cursor of ours; anything else is the caller's mistake. */
export function decodeCursor(cursor: string | null, parts: number): string[] | null {
  if (cursor === null) return null;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(key) &&
      key.length === parts &&
      key.every((part) => typeof part === 'string' && !part.includes('\0'))
    )
      return key as string[];
  } catch {
    // falls through to the one error a caller sees
  }
  throw new InvalidInput([
    { field: 'cursor', message: 'is not a cursor of this list; leave it out to start at the beginning' },
  ]);
}

/** A whole number from a cursor, as SQL may compare it. */
export function cursorNumber(part: string): string {
  if (!/^\d{1,18}$/.test(part))
    throw new InvalidInput([
      { field: 'cursor', message: 'is not a cursor of this list; leave it out to start at the beginning' },
    ]);
  return part;
}
