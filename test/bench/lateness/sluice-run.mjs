// One run of Sluice: every rollout holds its first step, and the second ones come due one after the other.
import { sleep } from '../../../tools/lib/processes.mjs';
import { isModify, isRead } from '../lib/calls.mjs';
import { countDuring, withClient } from '../lib/database-figures.mjs';
import { step } from '../../../tools/lib/say.mjs';

/** Between the last start and the first step that is measured. */
const REST_MS = 10_000;
/** What comes late still counts. */
const AFTERWARDS_MS = 10_000;
const FOR_EVER_MS = 86_400_000;

const shares = (share) => ({ old: 100 - share, new: share });

/**
 * @returns `{ lateMs, early, steps, ratePerSecond, statements, walBytes, fullPageImages, readsPerStep, looksPerSecond,
 *   byStatement }`: `lateMs` from the end of the hold to the arrival of the Modify at AWS, of each rollout; `early`: how many
 *   arrived before a whole hold had gone by since the reply to the first Modify
 */
export async function sluiceRun({ installation, rest, calls, routes, begin, abort }, { rate }) {
  const holdMs = Math.ceil((1000 * routes.length) / rate) + REST_MS;
  const ids = await step('rollouts created', () =>
    begin('lateness', routes, [
      { shares: shares(10), holdMs },
      { shares: shares(20), holdMs: FOR_EVER_MS },
    ]),
  );
  await calls.read();
  const startedMs = Date.now();
  await step('started', () => startPaced(rest, ids, rate));
  await calls.read();
  await sleep(Math.max(0, startedMs + holdMs - REST_MS / 2 - Date.now()));
  const fromMs = Date.now();
  const counted = await step('steps', () =>
    countDuring(installation.databaseUrl, () => sleep((1000 * routes.length) / rate + REST_MS / 2 + AFTERWARDS_MS)),
  );
  const all = (await calls.read()).filter((call) => call.atMs >= startedMs);
  const { result: _, ...costs } = counted;
  const measured = measure(routes, all, await firstSteps(installation.databaseUrl, ids), { holdMs, fromMs });
  await step('aborted', () => abort(ids));
  return { ...measured, ...costs };
}

async function startPaced(rest, ids, rate) {
  const beganMs = performance.now();
  const replies = [];
  for (const [index, id] of ids.entries()) {
    await sleep(Math.max(0, beganMs + (1000 * index) / rate - performance.now()));
    replies.push(rest.post(`/rollouts/${id}:start`));
  }
  await Promise.all(replies);
}

/** When the first step of each rollout was verified: `Map` from the route's ARN to ms. */
function firstSteps(url, ids) {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      `SELECT r.arn, extract(epoch FROM i.settled_at)::float8 * 1000 AS at FROM intents i JOIN routes r ON r.id = i.route_id
       WHERE i.rollout_id = ANY($1) AND i.step_index = 0 AND i.state = 'applied'`,
      [ids],
    );
    return new Map(rows.map((row) => [row.arn, row.at]));
  });
}

function measure(routes, all, verifiedMs, { holdMs, fromMs }) {
  const writes = new Map(routes.map((route) => [route.arn, []]));
  for (const call of all) if (isModify(call) && call.outcome === 'OK') writes.get(call.subjects[0])?.push(call);
  const done = routes.flatMap(({ arn }) => {
    const [first, second] = writes.get(arn);
    const verified = verifiedMs.get(arn);
    if (second === undefined || verified === undefined) return [];
    return [{ dueMs: verified + holdMs, earliestMs: first.doneMs + holdMs, atMs: second.atMs, call: second }];
  });
  const times = done.map(({ atMs }) => atMs).sort((a, b) => a - b);
  const seconds = (times.at(-1) - times[0]) / 1000;
  const reads = all.filter((call) => isRead(call) && call.atMs >= fromMs);
  return {
    expected: routes.length,
    steps: done.length,
    lateMs: done.map(({ dueMs, atMs }) => atMs - dueMs),
    early: done.filter(({ earliestMs, atMs }) => atMs < Math.floor(earliestMs)).length,
    ratePerSecond: (times.length - 1) / seconds,
    readsPerStep: readsBefore(done, reads) / done.length,
    looksPerSecond: reads.length / ((Date.now() - fromMs) / 1000),
  };
}

/** Reads of the step's own account between its due time and its Modify. */
function readsBefore(done, reads) {
  const byAccount = new Map();
  for (const read of reads) byAccount.set(read.account, [...(byAccount.get(read.account) ?? []), read]);
  return done.reduce((sum, { dueMs, atMs, call }) => {
    const own = byAccount.get(call.account) ?? [];
    return sum + own.filter((read) => read.atMs >= dueMs && read.atMs <= atMs).length;
  }, 0);
}
