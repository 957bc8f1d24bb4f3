// One run of graphile-worker, alone: as many empty jobs at the same rate, Sluice being stopped.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { sleep, waitUntil } from '../../../tools/lib/processes.mjs';

const POLL_MS = 100;
const LEAD_MS = 5_000;
const CONCURRENT_JOBS = 10;
const DATABASE = 'graphile';
const silent = new Logger(() => () => undefined);

/** @returns `{ lateMs, early, steps }`: from each job's time to the beginning of its task */
export async function graphileRun({ installation, routes }, { rate }) {
  await installation.stopApi();
  const connectionString = await installation.createDatabase(DATABASE);
  const lateMs = [];
  const firstMs = Date.now() + LEAD_MS + routes.length;
  const dueMs = routes.map((_, index) => Math.round(firstMs + (1000 * index) / rate));
  await addJobs(connectionString, dueMs);
  const runner = await run({
    connectionString,
    maxPoolSize: CONCURRENT_JOBS + 2,
    taskList: { late: ({ dueMs: due }) => void lateMs.push(Date.now() - due) },
    pollInterval: POLL_MS,
    concurrency: CONCURRENT_JOBS,
    logger: silent,
    noHandleSignals: true,
  });
  try {
    await sleep(dueMs.at(-1) - Date.now());
    await waitUntil('the last job', () => lateMs.length === routes.length, { timeoutMs: 60_000, everyMs: 100 });
  } finally {
    await runner.stop();
    await installation.startApi();
  }
  return { lateMs, early: lateMs.filter((ms) => ms < 0).length, steps: lateMs.length };
}

async function addJobs(connectionString, dueMs) {
  const utils = await makeWorkerUtils({ connectionString, logger: silent });
  try {
    await utils.migrate();
    await utils.addJobs(dueMs.map((due) => ({ identifier: 'late', payload: { dueMs: due }, runAt: new Date(due) })));
  } finally {
    await utils.release();
  }
}
