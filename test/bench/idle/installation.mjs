// Two installations side by side on one PostgreSQL: one to be filled, one that stays as empty as a new one.
import { waitUntil } from '../../../tools/lib/processes.mjs';
import { query } from '../../../tools/lib/databases.mjs';
import { Installation } from '../lib/installation.mjs';
import { World } from '../lib/world.mjs';
import { Filling } from './fill.mjs';
import { LOGGING } from './plans.mjs';
import { asRole } from './replicas.mjs';

/** Each has an account of its own with so many routes in the sandbox, which one of its replicas watches. */
const ACCOUNTS = { full: '111122223333', empty: '444455556666' };
const WATCHED = 10;

/** `{ installation, filling, urls: { full, empty }, stop() }`. `routes`: so many of other replicas' in the full one. */
export async function idleInstallation({ routes }) {
  const installation = await Installation.start({ accounts: Object.values(ACCOUNTS), postgres: LOGGING, api: false });
  const worlds = [];
  let filling;
  const stop = async () => {
    for (const world of worlds) world.close();
    await filling?.close();
    await installation.stop();
  };
  try {
    const urls = { full: installation.databaseUrl, empty: await installation.addDatabase('empty') };
    for (const [kind, databaseUrl] of Object.entries(urls)) {
      await query(databaseUrl, 'CREATE EXTENSION pg_stat_statements');
      const replica = await installation.startReplica(`${kind}-making`, { databaseUrl });
      const world = await World.create({ rest: replica.rest, sandbox: installation.sandbox });
      worlds.push(world);
      await world.addRoutes(await world.addAccount(ACCOUNTS[kind]), WATCHED);
      await replica.stop();
    }
    filling = await Filling.open(urls.full);
    await filling.resources({ routes, watched: WATCHED });
    return { installation, filling, urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One that owns the gateway of the sandbox's account, and one that finds none to own. */
export async function startPair(installation, kind, databaseUrl) {
  const start = async (name) => {
    const role = `sluice_${name}`;
    const own = await asRole(databaseUrl, role);
    const replica = await installation.startReplica(`${kind}-${name}`, { databaseUrl: own });
    return { ...replica, role, databaseUrl };
  };
  const owner = await start('owner');
  await waitUntil('the gateway taken', async () => (await owned(databaseUrl)) > 0, { timeoutMs: 60_000, everyMs: 500 });
  return { owner, idler: await start('idler') };
}

async function owned(databaseUrl) {
  const [{ n }] = await query(
    databaseUrl,
    `SELECT count(*)::int AS n FROM gateways WHERE owner <> 'elsewhere' AND lease_until > now()`,
  );
  return n;
}
