// As many steps as there can be: rollouts without holds, so that there is always one more to decide.
import { sleep } from '../../../tools/lib/processes.mjs';
import { isModify } from '../lib/calls.mjs';
import { inParallel } from '../lib/rest.mjs';
import { atLeast } from '../lib/report.mjs';

const GOAL_PER_SECOND = 60;
const PER_GATEWAY = 2;
const STEPS = 100;
const WARM_UP_MS = 10_000;

export async function mostSteps(report, made, { seconds }) {
  const { ratePerSecond } = await busy(made, seconds);
  report.figure('most', 'steps/s', ratePerSecond, atLeast(GOAL_PER_SECOND));
}

/** Keeps Sluice busy for so long; gives `{ ratePerSecond }`. */
export async function busy({ rest, calls, routes, installation, begin, abort }, seconds) {
  const gateways = Object.keys(installation.sandbox.accounts).length;
  const some = routes.slice(0, PER_GATEWAY * gateways);
  const ids = await begin(
    'most',
    some,
    Array.from({ length: STEPS }, (_, i) => ({ shares: { old: 99 - i, new: i + 1 }, holdMs: 0 })),
  );
  await calls.read();
  await inParallel(ids, 6, (id) => rest.post(`/rollouts/${id}:start`));
  await sleep(WARM_UP_MS);
  const fromMs = Date.now();
  await sleep(1000 * seconds);
  const untilMs = Date.now();
  const writes = (await calls.read()).filter(
    (call) => isModify(call) && call.outcome === 'OK' && call.atMs >= fromMs && call.atMs < untilMs,
  );
  await abort(ids);
  return { ratePerSecond: (1000 * writes.length) / (untilMs - fromMs) };
}
