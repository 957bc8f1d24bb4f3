// Remembers from what something was made last, so that making it again can be skipped.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Whether the stamp says that the product was made from exactly `hash`, and the product is still there. */
export function isUpToDate(stamp, hash, ...products) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === hash && products.every((file) => existsSync(file));
}

export function writeStamp(stamp, hash) {
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${hash}\n`);
}
