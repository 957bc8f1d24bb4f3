import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startBackOrForth } from './back-and-forth.js';
import { Fleet } from './fleet.js';
import { brokenInvariants } from './invariants.js';
import { journalOf } from './journal.js';
import { Stack, eventually, type Upgrade } from './stack.js';

/** `SLUICE_KILL_ROUNDS=100 npm test -- test/e2e/kills` is the long run; `SLUICE_SEED` chooses what happens in it. */
const rounds = Number(process.env['SLUICE_KILL_ROUNDS'] ?? 6);
const leaseMs = 2_000;

interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly message: string;
}

describe('three replicas that are killed and frozen', () => {
  let stack: Stack;
  let fleet: Fleet;
  let upgrade: Upgrade;
  let database: pg.Pool;

  beforeAll(async () => {
    stack = await Stack.start();
    database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
    fleet = await Fleet.start(stack, 3);
    upgrade = await stack.upgrade(fleet.well);
  }, 240_000);

  afterAll(async () => {
    await database.end();
    await stack.stop();
  }, 60_000);

  const stays = [95, 80, 65, 50, 35, 20, 5, 0];
  const start = () => startBackOrForth(stack, fleet.well, upgrade, { holdMs: 400, stays });
  const get = (id: string) => stack.rest(fleet.well).get(`/rollouts/${id}`) as Promise<Rollout>;

  async function ends(id: string): Promise<void> {
    let last: Rollout | null = null;
    await eventually(
      `the end of ${id}`,
      async () => {
        last = await get(id).catch(() => last);
        return last?.state === 'Succeeded';
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${last?.state ?? 'not known'}: ${last?.message ?? ''}`, {
        cause: error,
      });
    });
  }

  /** By Postgres: which process has the gateway now, and whether a write is marked sent. */
  async function present(): Promise<{ readonly owner: number | null; readonly writes: boolean }> {
    const { rows } = await database.query<{ pid: number | null; writes: boolean }>(
      `SELECT split_part(owner, ':', 2)::int AS pid, EXISTS (SELECT 1 FROM intents WHERE state = 'sent') AS writes FROM gateways`,
    );
    const pid = rows[0]?.pid ?? null;
    return { owner: pid === null ? null : fleet.placeOf(pid), writes: rows[0]?.writes ?? false };
  }

  /**
   * One or two of them, often the owner and often while it writes: dead for a while, or frozen for longer than its lease.
   * The second follows somewhen within a second.
   */
  async function strike(random: () => number): Promise<string> {
    if (random() < 0.5)
      await eventually('a write in flight', async () => (await present()).writes, 5_000).catch(() => null);
    const chosen = Math.floor(random() * fleet.size);
    const first = random() < 0.5 ? ((await present()).owner ?? chosen) : chosen;
    const places = random() < 0.5 ? [first] : [first, (first + 1) % fleet.size];
    const deeds = places.map((place, i) => {
      const afterMs = i * random() * 1_000;
      const kills = random() < 0.5;
      const forMs = kills ? random() * 1_500 : leaseMs * (1.1 + random());
      return { place, afterMs, forMs, kills };
    });
    await Promise.all(
      deeds.map(async ({ place, afterMs, forMs, kills }) => {
        await sleep(afterMs);
        await (kills ? fleet.kill(place, forMs) : fleet.freeze(place, forMs));
      }),
    );
    return deeds.map((one) => (one.kills ? 'killed' : 'frozen')).join(' and ');
  }

  it(
    'break no invariant, and every decision replays',
    async () => {
      const seed = Number(process.env['SLUICE_SEED'] ?? Date.now() % 1_000_000);
      console.info(`kills: SLUICE_SEED=${String(seed)} SLUICE_KILL_ROUNDS=${String(rounds)}`);
      const random = randomOf(seed);
      const struck = new Map<string, number>();
      const ids = [await start()];
      for (let round = 0; round < rounds; round += 1) {
        // writes that take long are met in flight
        await stack.fault('aws.latency', { ms: Math.round(random() * 700), actions: ['ModifyListener'] });
        await sleep(random() * 3_000);
        const how = await strike(random);
        struck.set(how, (struck.get(how) ?? 0) + 1);
        if ((await get(ids.at(-1)!)).state === 'Succeeded') ids.push(await start());
      }
      await stack.fault('aws.latency', null);
      await ends(ids.at(-1)!);
      const { grants, attempts } = await journalOf(stack.databaseUrl, upgrade.route.id);
      console.info(
        `kills: ${[...struck].map(([how, times]) => `${how} ${String(times)} times`).join(', ')}; ${String(ids.length)} rollouts, ${String(attempts.length)} writes marked under ${String(grants.length)} grants`,
      );
      expect(
        await brokenInvariants(stack.databaseUrl, stack.awsRequests(), upgrade.route, { undisturbed: true }),
      ).toEqual([]);
    },
    120_000 + rounds * 20_000,
  );
});

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
