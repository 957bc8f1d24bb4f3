import type { Spread } from '../ports/gateway-store.js';

/** From how many more than the replica that has least one is handed over. */
const unevenFrom = 2;

/** How many of the free gateways are ours: one after the other goes to the replica that has least, by name among equals. */
export function shareOfFree(me: string, { owned, free }: Spread): number {
  const counts = new Map(Object.entries({ [me]: 0, ...owned }));
  const names = [...counts.keys()].sort();
  let mine = 0;
  for (let left = free; left > 0; left -= 1) {
    const least = names.reduce((found, name) => (counts.get(name)! < counts.get(found)! ? name : found));
    counts.set(least, counts.get(least)! + 1);
    if (least === me) mine += 1;
  }
  return mine;
}

/** Whether we have so many more than the replica that has least that one is to move. */
export function hasTooMany(me: string, { owned }: Spread): boolean {
  return (owned[me] ?? 0) - Math.min(...Object.values(owned)) >= unevenFrom;
}
