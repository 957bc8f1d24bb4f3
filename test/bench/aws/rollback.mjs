// A rollback said in the middle of a step, while other rollouts hang on an account that doesn't answer.
import { sleep, waitUntil } from '../../../tools/lib/processes.mjs';
import { isModify, isRead, newShareOf, tokensAt } from '../lib/calls.mjs';
import { atMost, exactly } from '../lib/report.mjs';
import { inParallel } from '../lib/rest.mjs';
import { createRollout, follow } from '../lib/rollout.mjs';
import { percentile } from '../lib/stats.mjs';
import { ACCOUNT, OTHER_ACCOUNT, withRoutes } from './prepared.mjs';

const HANGING = 64;
const QUIET_WRITES = 100;
const MAX_ATTEMPTS = 20;

export function rollback(report, count, pace, trials) {
  const name = `rollback, R = ${count}`;
  return withRoutes(count, pace, async (made) => {
    const { installation, world } = made;
    const quietMs = await quietWrites(made);
    await letOthersHang(made);
    await installation.limits({ ...pace.limits, account: ACCOUNT });
    const limitedMs = Date.now();
    const plan = await world.addPlan('upgrade', made.routes, { steps: 2, holdMs: pace.holdMs });
    const runs = [];
    for (let trial = 0; trial < trials; trial++) {
      const run = await once(made, { plan, pace, limitedMs });
      report.raw(name, run);
      if (run.refused === undefined) runs.push(run);
    }
    report.figure(name, 'trials that reached a step', runs.length, exactly(trials));
    if (runs.length > 0) conclude(report, name, runs, quietMs, await roundTripsMs(made));
  });
}

/** p99 of a small write of the API while nothing else happens. */
async function quietWrites({ world, routes }) {
  const times = [];
  for (let index = 0; index < QUIET_WRITES; index++) {
    const began = performance.now();
    await world.addPlan(`quiet ${index}`, routes.slice(0, 1), { steps: 1, holdMs: 0 });
    times.push(performance.now() - began);
  }
  return percentile(times, 0.99);
}

async function letOthersHang({ installation, rest, world }) {
  const account = await world.addAccount(OTHER_ACCOUNT);
  const routes = await world.addRoutes(account, HANGING);
  await inParallel(routes, 4, async (route) => {
    const plan = await world.addPlan(`hangs ${route.name}`, [route], { steps: 2, holdMs: 1_000 });
    const { rollout } = await createRollout(rest, world.project, plan);
    if (rollout === undefined) throw new Error(`the rollout of ${route.name} was refused`);
  });
  await installation.fault('aws.latency', { ms: 600_000, accounts: [OTHER_ACCOUNT] });
}

async function once({ rest, world, calls, routes }, { plan, pace, limitedMs }) {
  const { rollout, refusals } = await createRollout(rest, world.project, plan, { startAt: null, tries: 10 });
  if (rollout === undefined) return { refused: refusals };
  const startMs = Date.now();
  await rest.post(`/rollouts/${rollout.id}:start`);
  const writes = async () =>
    (await calls.between(ACCOUNT, startMs)).filter((call) => isModify(call) && call.outcome === 'OK');
  const middle = Math.ceil(routes.length / 3);
  const reached = await waitUntil('the middle of a step', async () => (await writes()).length >= middle, {
    timeoutMs: 90_000,
    everyMs: 100,
  }).catch(() => false);
  if (!reached) return { refused: 'no step was written' };
  const saidMs = Date.now();
  let attempts = 0;
  let status;
  while (status !== 200 && attempts < MAX_ATTEMPTS) {
    attempts += 1;
    ({ status } = await rest.send('POST', `/rollouts/${rollout.id}:rollback`, { reason: 'bench' }));
    if (status !== 200) await sleep(250);
  }
  const acceptedMs = Date.now();
  const timeoutMs = (2000 * routes.length) / pace.modify.perSecond + 45_000;
  const end = await follow(rest, rollout.id, { timeoutMs, everyMs: 250 });
  // what earlier trials took of the bucket is gone for this one, too
  const spent = (await calls.between(ACCOUNT, limitedMs)).filter(isModify);
  const tokens = tokensAt(spent, pace.modify, limitedMs, saidMs);
  return { attempts, state: end.state, ...(await seenByAws({ writes, routes, pace, tokens, saidMs, acceptedMs })) };
}

async function seenByAws({ writes, routes, pace, tokens, saidMs, acceptedMs }) {
  const byArn = new Map(routes.map((route) => [route.arn, route]));
  const all = await writes();
  const isBack = (call) => newShareOf(call, byArn.get(call.subjects[0])) === 0;
  const back = all.filter((call) => call.atMs >= saidMs && isBack(call));
  return {
    olderAfterwards: all.filter((call) => call.atMs > acceptedMs && !isBack(call)).length,
    firstMs: back.length === 0 ? NaN : back[0].atMs - saidMs,
    allBackMs: back.length === 0 ? NaN : Math.max(...back.map((call) => call.doneMs)) - saidMs,
    written: back.length,
    floorMs: (1000 * Math.max(0, back.length - tokens)) / pace.modify.perSecond,
    tokens,
  };
}

/** What two reads and a write take at AWS. */
async function roundTripsMs({ calls }) {
  const all = await calls.between(ACCOUNT, 0);
  const took = (kind) =>
    percentile(
      all.filter(kind).map((call) => call.doneMs - call.atMs),
      0.99,
    );
  return 2 * took(isRead) + took(isModify);
}

function conclude(report, name, runs, quietMs, roundTrips) {
  const worst = (valueOf) => percentile(runs.map(valueOf), 0.99);
  report.figure(name, 'quiet write p99, ms', quietMs);
  report.figure(
    name,
    'attempts until accepted, worst',
    worst((run) => run.attempts),
    exactly(1),
  );
  report.figure(
    name,
    'older writes after it',
    runs.reduce((sum, run) => sum + run.olderAfterwards, 0),
    exactly(0),
  );
  // a bucket that is empty when it is said gives its next token first
  const goal = 2 * quietMs + roundTrips;
  report.figure(
    name,
    'said → first Modify, p99 ms',
    worst((run) => run.firstMs),
    atMost(goal),
  );
  report.figure(name, 'tokens present when it was said, least', Math.min(...runs.map((run) => run.tokens)));
  report.figure(
    name,
    'all back, of 1.05 × (N − tokens)/rate + first',
    worst((run) => run.allBackMs / (1.05 * run.floorMs + goal)),
    atMost(1),
  );
  report.figure(name, 'rolled back', runs.filter((run) => run.state === 'RolledBack').length, exactly(runs.length));
}
