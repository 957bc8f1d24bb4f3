// Things that take long to make and are the same in every clone (built programs, Python environments): made once per
// hash of what they are made from, in the clone's cache if they are there already, else in the user's.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir, userCacheDir } from './paths.mjs';

const COMPLETE = '.complete';

/** The folder of what was made from `hash`, or `undefined` when it has to be made first. */
export function findMade(kind, hash) {
  return placesOf(kind, hash).find((dir) => existsSync(path.join(dir, COMPLETE)));
}

/** The folder of what is made from `hash`; `make(dir)` makes it, in its final place, when it is not there yet. */
export async function makeOnce(kind, hash, make) {
  const found = findMade(kind, hash);
  if (found !== undefined) return found;
  const dir = placesOf(kind, hash).find(canMake);
  return withLock(`${dir}.lock`, async () => {
    if (findMade(kind, hash) !== undefined) return findMade(kind, hash);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    await make(dir);
    writeFileSync(path.join(dir, COMPLETE), '');
    return dir;
  });
}

const placesOf = (kind, hash) => [userCacheDir, cacheDir].map((base) => path.join(base, kind, hash.slice(0, 16)));

function canMake(dir) {
  try {
    mkdirSync(path.dirname(dir), { recursive: true });
    return true;
  } catch {
    return false;
  }
}
