import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { errorCode } from '../shared/error-facts.js';

const firstRange = 16;
const lastRange = 255;
const firstHost = 10;
const lastHost = 250;

/** Which range of the VPC (10.0.16.0/24 and on) each cluster's pods have; the choice is kept in `<dir>/pod-ranges.json`. */
export function podRanges(dir: string, clusters: readonly string[]): Record<string, string> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'pod-ranges.json');
  const chosen = readRanges(file);
  const used = new Set(Object.values(chosen));
  for (const cluster of clusters) {
    if (chosen[cluster] !== undefined) continue;
    const free = Array.from({ length: lastRange - firstRange + 1 }, (_, index) => `10.0.${firstRange + index}`).find(
      (range) => !used.has(range),
    );
    if (free === undefined)
      throw new Error(
        `no range of 10.0.0.0/16 is left for the pods of cluster ${cluster}; at most ${lastRange - firstRange + 1} clusters fit`,
      );
    chosen[cluster] = free;
    used.add(free);
  }
  writeFileAtomic.sync(file, JSON.stringify(chosen), { fsync: false });
  return chosen;
}

function readRanges(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>; // written above, whole or not at all
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw error;
  }
}

/** The lowest address of a range (`10.0.16`) that is not in use. */
export function freeAddress(range: string, used: ReadonlySet<string>): string {
  for (let host = firstHost; host <= lastHost; host += 1) {
    const address = `${range}.${host}`;
    if (!used.has(address)) return address;
  }
  throw new Error(`all ${lastHost - firstHost + 1} pod addresses of ${range}.0/24 are in use`);
}
