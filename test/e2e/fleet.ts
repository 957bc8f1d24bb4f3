import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica, Stack } from './stack.js';

/** Replicas side by side, of which some are dead or frozen at any time, and at least one is well. */
export class Fleet {
  private readonly unwell = new Set<number>();
  private constructor(
    private readonly stack: Stack,
    private readonly replicas: Replica[],
  ) {}

  static async start(stack: Stack, size: number): Promise<Fleet> {
    const replicas: Replica[] = [];
    for (let i = 0; i < size; i += 1) replicas.push(await stack.replica());
    return new Fleet(stack, replicas);
  }

  get size(): number {
    return this.replicas.length;
  }

  /** One that answers. */
  get well(): Replica {
    const found = this.replicas.find((_, place) => !this.unwell.has(place));
    if (!found) throw new Error('no replica is well');
    return found;
  }

  /** The place of the process with this id; null = it isn't one of them. */
  placeOf(pid: number): number | null {
    const place = this.replicas.findIndex((replica) => replica.child.pid === pid);
    return place < 0 ? null : place;
  }

  /** kill -9; another takes its place `forMs` later. */
  async kill(place: number, forMs: number): Promise<void> {
    this.unwell.add(place);
    await this.replicas[place]!.kill();
    await sleep(forMs);
    this.replicas[place] = await this.stack.replica();
    this.unwell.delete(place);
  }

  /** SIGSTOP: not a line of it runs, its sockets stay open; then SIGCONT, and it goes on where it was. */
  async freeze(place: number, forMs: number): Promise<void> {
    const replica = this.replicas[place]!;
    this.unwell.add(place);
    replica.child.kill('SIGSTOP');
    try {
      await sleep(forMs);
    } finally {
      replica.child.kill('SIGCONT');
    }
    await replica.ready();
    this.unwell.delete(place);
  }
}
