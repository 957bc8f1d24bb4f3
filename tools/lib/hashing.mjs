// One hash over files: whether something made from them is still what they would make.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';

const SKIPPED = new Set(['node_modules', 'dist', 'generated', '.git']);

/** All files below these files and folders (given from the root), sorted, as paths from the root. */
export function filesUnder(places, keep = () => true) {
  const found = [];
  const visit = (relative) => {
    const full = path.join(root, relative);
    if (!existsSync(full)) return;
    if (statSync(full).isFile()) found.push(relative);
    else for (const entry of readdirSync(full)) if (!SKIPPED.has(entry)) visit(path.join(relative, entry));
  };
  for (const place of places) visit(place);
  return found.filter(keep).sort();
}

/** SHA-256 (hex) over names and contents of files given from the root; a missing file counts as such. */
export function hashFiles(files, ...extra) {
  const hash = createHash('sha256');
  for (const file of files) {
    const full = path.join(root, file);
    hash
      .update(`${file}\0`)
      .update(existsSync(full) ? readFileSync(full) : 'missing')
      .update('\0');
  }
  for (const text of extra) hash.update(text).update('\0');
  return hash.digest('hex');
}
