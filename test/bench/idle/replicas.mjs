// What a replica that has nothing to do costs, from what it says about itself and what PostgreSQL counts of its role.
import pg from 'pg';
import { sleep } from '../../../tools/lib/processes.mjs';
import { query } from '../../../tools/lib/databases.mjs';
import { median, sum } from '../lib/stats.mjs';

/** As Prometheus and kubelets do in most installations. */
const SCRAPE_MS = 15_000;
const PROBE_MS = 10_000;
/** Every job of a replica but one has its turn within it. */
const MINUTE_MS = 60_000;

/** The database's URL under a role of its own, by which PostgreSQL tells replicas apart. Settings are the role's. */
export async function asRole(url, role, settings = {}) {
  const password = new URL(url).password;
  const name = pg.escapeIdentifier(role);
  const [found] = await query(url, { text: 'SELECT 1 FROM pg_roles WHERE rolname = $1', values: [role] });
  if (found === undefined)
    await query(url, `CREATE ROLE ${name} SUPERUSER LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
  for (const [setting, value] of Object.entries(settings))
    await query(url, `ALTER ROLE ${name} SET ${setting} = ${pg.escapeLiteral(value)}`);
  const own = new URL(url);
  own.username = role;
  return own.toString();
}

/**
 * Watches replicas side by side for so long, scraped and probed as in a cluster.
 * @param {{ name: string, url: string, role: string, databaseUrl: string }[]} replicas
 * @returns by name: `{ perSecond, cpuMsPerSecond, rssMb, postgresMsPerSecond, statements: [{ query, calls, ms }], scrapes }`
 */
export async function watch(replicas, windowMs) {
  const before = await Promise.all(replicas.map(look));
  const began = performance.now();
  const scrapes = replicas.map(() => []);
  const probes = setInterval(
    () => replicas.forEach(({ url }) => void fetch(`${url}/readyz`).catch(() => null)),
    PROBE_MS,
  );
  for (let at = SCRAPE_MS; at < windowMs; at += SCRAPE_MS) {
    await sleep(began + at - performance.now());
    for (const [index, { url }] of replicas.entries()) scrapes[index].push(await scrape(url));
  }
  await sleep(began + windowMs - performance.now());
  clearInterval(probes);
  const after = await Promise.all(replicas.map(look));
  const seconds = (performance.now() - began) / 1000;
  return Object.fromEntries(
    replicas.map(({ name }, index) => [
      name,
      costs(before[index], after[index], [before[index].process, ...scrapes[index], after[index].process], seconds),
    ]),
  );
}

async function look({ url, role, databaseUrl }) {
  const statements = await query(databaseUrl, {
    text: `SELECT queryid, query, calls::float8, total_exec_time AS ms FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
           WHERE rolname = $1 AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    values: [role],
  });
  return { statements: new Map(statements.map((one) => [one.queryid, one])), process: await scrape(url) };
}

async function scrape(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const figure = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    atMs: performance.now(),
    cpuMs: 1000 * figure('sluice_process_cpu_seconds_total'),
    rssMb: figure('sluice_process_resident_memory_bytes') / 2 ** 20,
  };
}

/** CPU of the cheapest minute, in ms per second: what was made at the start is still being collected in others. */
function cheapestMinute(scrapes) {
  const rates = scrapes.flatMap((from) => {
    const to = scrapes.find(({ atMs }) => atMs - from.atMs >= MINUTE_MS - SCRAPE_MS / 2) ?? scrapes.at(-1);
    const isWhole = from === scrapes[0] || to.atMs - from.atMs >= MINUTE_MS - SCRAPE_MS / 2;
    return isWhole && to !== from ? [(1000 * (to.cpuMs - from.cpuMs)) / (to.atMs - from.atMs)] : [];
  });
  return Math.min(...rates);
}

function costs(before, after, scrapes, seconds) {
  const statements = [...after.statements.values()]
    .map(({ queryid, query: text, calls, ms }) => {
      const old = before.statements.get(queryid);
      return { query: text, calls: calls - (old?.calls ?? 0), ms: ms - (old?.ms ?? 0) };
    })
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.calls - a.calls);
  return {
    perSecond: sum(statements.map(({ calls }) => calls)) / seconds,
    postgresMsPerSecond: sum(statements.map(({ ms }) => ms)) / seconds,
    cpuMsPerSecond: cheapestMinute(scrapes),
    rssMb: median(scrapes.map(({ rssMb }) => rssMb)),
    statements,
    scrapes,
  };
}
