import { InvalidInput } from '@sluice/domain';

/** Where a page ended: its last row's place in the order. */
export interface Cursor {
  readonly createdAt: Date;
  readonly id: string;
}

const form = /^(\d{1,15})\.([a-z]{2,8}_[a-z0-9]{1,40})$/;

/** Opaque to callers: base64url of the millisecond and the id. */
export function writeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt.getTime()}.${cursor.id}`, 'utf8').toString('base64url');
}

/** @throws InvalidInput on `cursor` when it isn't one of ours. */
export function readCursor(text: string): Cursor {
  const match = text.length <= 256 ? form.exec(Buffer.from(text, 'base64url').toString('utf8')) : null;
  const createdAt = new Date(Number(match?.[1]));
  const id = match?.[2];
  // Postgres ends with the year 294276, JavaScript's dates earlier
  if (id === undefined || Number.isNaN(createdAt.getTime()) || createdAt.getUTCFullYear() > 9999) {
    throw new InvalidInput([
      {
        field: 'cursor',
        message:
          'is not a cursor of this list; pass the `next` of the page before unchanged, or leave it out to start over',
      },
    ]);
  }
  return { createdAt, id };
}
