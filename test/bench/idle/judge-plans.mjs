import { query } from '../../../tools/lib/databases.mjs';
import { sleep } from '../../../tools/lib/processes.mjs';
import { step } from '../../../tools/lib/say.mjs';
import { exactly } from '../lib/report.mjs';
import { walkLists } from './lists.mjs';
import { endOf, EXPLAINING, plansOf } from './plans.mjs';
import { asRole } from './replicas.mjs';

/** The start, and a minute in which every job has its turn but that which forgets idempotency keys: a spec has its plan. */
const MOST_MS = 75_000;
/** A table of so few rows is read whole by right: no index is faster. Which these were stands in the report. */
const FEW_ROWS = 500;

/** The plans of everything an idle replica asks again and again, and of every list of the API. */
export async function judgePlans(report, name, { installation, urls }, windowMs) {
  const role = 'sluice_explained';
  const databaseUrl = await asRole(urls.full, role, EXPLAINING);
  const log = installation.postgresLog;
  const from = endOf(log);
  const replica = await installation.startReplica('full-explained', { databaseUrl });
  try {
    await step('what recurs', async () => {
      await sleep(Math.min(windowMs, MOST_MS));
      await fetch(`${replica.url}/metrics`);
    });
    const lists = endOf(log);
    const read = await step('lists', () => walkLists(replica.rest));
    await replica.stop();
    const few = await smallTables(urls.full);
    conclude(report, `${name}: what recurs`, plansOf(log, role, from, lists), few);
    conclude(report, `${name}: lists`, plansOf(log, role, lists), few);
    const slowest = read.reduce((most, one) => (one.ms > most.ms ? one : most));
    report.figure(`${name}: lists`, 'pages read', read.length);
    report.figure(`${name}: lists`, `slowest, ms (${slowest.list})`, slowest.ms);
    report.raw(`${name}: lists`, read);
  } finally {
    await replica.stop();
  }
}

const smallTables = async (url) => {
  const rows = await query(
    url,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples <= ${FEW_ROWS}`,
  );
  return new Set(rows.map(({ name }) => name));
};

function conclude(report, scenario, plans, few) {
  const byText = new Map();
  const small = new Set();
  for (const { text, scans } of plans) {
    const rows = scans.reduce((all, scan) => all + scan.rows, 0);
    const inOrder = scans.filter(({ node }) => node === 'Seq Scan').map(({ table }) => table);
    inOrder.filter((table) => few.has(table)).forEach((table) => small.add(table));
    const whole = inOrder.filter((table) => !few.has(table));
    const before = byText.get(text) ?? { text, times: 0, rows: 0, whole: [] };
    byText.set(text, {
      text,
      times: before.times + 1,
      rows: Math.max(before.rows, rows),
      whole: [...new Set([...before.whole, ...whole])],
    });
  }
  const statements = [...byText.values()].sort((a, b) => b.rows - a.rows);
  const scanning = statements.filter(({ whole }) => whole.length > 0);
  report.figure(scenario, 'statements', statements.length);
  report.figure(scenario, 'with a sequential scan', scanning.length, exactly(0));
  for (const { text, whole } of scanning)
    report.figure(scenario, `reads all of ${whole.join(', ')}`, text.slice(0, 60));
  report.figure(scenario, `read whole, with ≤ ${FEW_ROWS} rows`, [...small].sort().join(', '));
  report.figure(scenario, 'most rows read by one', statements[0]?.rows ?? 0);
  report.raw(scenario, statements);
}
