// One at a time between processes of this machine: a lock file that a dead holder does not keep.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive, ownRecord, sleep } from './processes.mjs';
import { ToolError, say } from './say.mjs';

/** Runs `work` while holding the lock file; waits for a live holder and says so once. */
export async function withLock(file, work, { timeoutMs = 15 * 60_000, what = path.basename(file) } = {}) {
  mkdirSync(path.dirname(file), { recursive: true });
  const deadline = performance.now() + timeoutMs;
  let told = false;
  while (!tryLock(file)) {
    if (performance.now() > deadline) throw new ToolError(`${what} is still locked by another process; see ${file}`);
    if (!told) say(`  waiting for another process that works on ${what}`);
    told = true;
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A lock appears by link, so with its content at once: a file without a live holder in it is always a leftover. */
function tryLock(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(ownRecord()));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  removeLeftover(file);
  return false;
}

function removeLeftover(file) {
  if (isHeld(file)) return;
  const aside = `${file}.leftover.${process.pid}`;
  try {
    renameSync(file, aside);
    // somebody may have replaced the leftover between our look and our move: then it goes back
    if (isHeld(aside)) linkSync(aside, file);
    rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

function isHeld(file) {
  try {
    return isAlive(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return false;
  }
}
