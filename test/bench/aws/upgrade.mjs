// One rollout over R routes, four steps, from its creation to its end, with AWS's token buckets on.
import { isModify, isRead } from '../lib/calls.mjs';
import { atMost, exactly } from '../lib/report.mjs';
import { createRollout, follow } from '../lib/rollout.mjs';
import { inParallel } from '../lib/rest.mjs';
import { sleep } from '../../../tools/lib/processes.mjs';
import { ACCOUNT, withRoutes } from './prepared.mjs';
import { holdsOf, readsPerSecond, stepsOf } from './steps.mjs';

const STEPS = 4;
const PAGE_EVERY_MS = 5_000;
const PAGE_WINDOW_MS = 20_000;

export function upgrade(report, count, pace) {
  return withRoutes(count, pace, async ({ installation, world, calls, routes }) => {
    const plan = await world.addPlan('upgrade', routes, { steps: STEPS, holdMs: pace.holdMs });
    await measure(report, `R = ${count}`, { installation, world, calls, routes, plan, pace });
  });
}

async function measure(report, name, { installation, world, calls, routes, plan, pace }) {
  const { rest } = installation;
  await installation.limits(pace.limits);
  const beganMs = Date.now();
  const { rollout, attempts, refusals } = await createRollout(rest, world.project, plan, { startAt: null });
  const createdMs = Date.now();
  const reads = (await calls.between(ACCOUNT, beganMs, createdMs)).filter(isRead).length;
  const listeners = new Set(routes.map((route) => route.arn.split('/').slice(0, -1).join('/'))).size;
  report.figure(name, 'attempts to create it', rollout === undefined ? 'never accepted' : attempts, exactly(1));
  report.figure(name, 'reads to create it, per listener', reads / listeners, atMost(3));
  if (rollout === undefined) {
    report.raw(name, { refusals });
    return;
  }
  await watchPages(report, name, { installation, calls, rollout, routes });
  await runToItsEnd(report, name, { rest, calls, rollout, routes, pace, beganMs });
}

/** What an open page costs AWS: the GETs that it makes, on a rollout that waits. */
async function watchPages(report, name, { installation, calls, rollout, routes }) {
  const { rest } = installation;
  const readsFor = async (work) => {
    const fromMs = Date.now();
    await work();
    return (await calls.between(ACCOUNT, fromMs)).filter(isRead).length;
  };
  const without = await readsFor(() => sleep(PAGE_WINDOW_MS));
  let requests = 0;
  const paths = [
    `/rollouts/${rollout.id}`,
    `/rollouts/${rollout.id}/timeline`,
    ...routes.flatMap(({ id }) => [`/routes/${id}/live`, `/routes/${id}/target-health`]),
  ];
  const withPage = await readsFor(async () => {
    for (let passed = 0; passed < PAGE_WINDOW_MS; passed += PAGE_EVERY_MS) {
      const rest5 = sleep(PAGE_EVERY_MS);
      await inParallel(paths, 6, (path) => rest.send('GET', path));
      requests += paths.length;
      await rest5;
    }
  });
  // watching goes on meanwhile, and its periods don't fall evenly into two windows
  report.figure(name, 'reads per GET of an open page', Math.max(0, withPage - without) / requests, atMost(0.05));
}

async function runToItsEnd(report, name, { rest, calls, rollout, routes, pace, beganMs }) {
  const count = routes.length;
  const startMs = Date.now();
  await rest.post(`/rollouts/${rollout.id}:start`);
  const ideal = STEPS * (pace.holdMs + (1000 * count) / pace.modify.perSecond);
  const end = await follow(rest, rollout.id, { timeoutMs: 1.5 * ideal + 45_000, look: () => calls.read() });
  const all = await calls.between(ACCOUNT, startMs);
  const { decisions } = await rest.get(`/rollouts/${rollout.id}/timeline`);
  const decidedMs = (index) => {
    const times = decisions.filter(({ stepIndex, changes }) => stepIndex === index && changes.length > 0);
    return times.length === 0
      ? undefined
      : Math.max(startMs, Math.min(...times.map(({ createdAt }) => Date.parse(createdAt))));
  };
  const steps = stepsOf(all, { routes, steps: STEPS, bucket: pace.modify, fromMs: startMs, decidedMs });
  const holds = holdsOf(all, steps);
  report.raw(name, {
    steps,
    holds,
    state: end.state,
    reason: end.reason,
    message: end.message,
    tookMs: Date.now() - startMs,
  });
  report.figure(name, 'state in the end', end.state, exactly('Succeeded'));
  report.figure(
    name,
    'routes × steps written',
    steps.reduce((sum, step) => sum + step.distinct, 0),
    exactly(count * STEPS),
  );
  for (const step of steps) reportStep(report, name, step, count);
  report.figure(name, 'reads/s in hold', readsPerSecond(holds), atMost(pace.readBudgetPerSecond * 1.05));
  report.figure(name, 'hold served of each 60 s', served(holds, pace.holdMs), {
    what: '≥ 50',
    holds: (value) => value >= 50,
  });
  // what is served is capped at the minute, so a step that comes early must not pass for a full hold
  const shortestMs = Math.min(...holds.map((hold) => hold.untilMs - hold.fromMs));
  report.figure(name, 'shortest hold, ms', shortestMs, {
    what: `≥ ${pace.holdMs}`,
    holds: (value) => Number.isFinite(value) && value >= pace.holdMs,
  });
  const refused = (await calls.between(ACCOUNT, beganMs)).filter((call) => call.throttled);
  report.figure(name, 'throttled replies, reads', refused.filter(isRead).length, exactly(0));
  report.figure(name, 'throttled replies, Modify', refused.filter(isModify).length, exactly(0));
}

function reportStep(report, name, step, count) {
  const title = `step ${step.index + 1}`;
  const { ModifyRule: _, ...reads } = step.byOperation;
  report.figure(name, `${title}: Modify per route`, step.modifies / count, {
    what: '= 1',
    holds: (value) => value === 1,
  });
  report.figure(name, `${title}: reads per route`, step.reads / count, atMost(count >= 10 ? 1.6 : 3));
  report.figure(
    name,
    `${title}: reads by operation`,
    Object.entries(reads)
      .map(([key, value]) => `${key.replace('Describe', '')} ${value}`)
      .join(', '),
  );
  report.figure(name, `${title}: makespan, s`, step.makespanMs / 1000, atMost((1.05 * step.floorMs) / 1000 + 1));
}

/** Seconds of a minute between two steps that counted towards the hold. */
function served(holds, holdMs) {
  const wallMs = holds.reduce((sum, hold) => sum + hold.untilMs - hold.fromMs, 0);
  return wallMs === 0 ? 0 : Math.min(60, (60 * holds.length * holdMs) / wallMs);
}
