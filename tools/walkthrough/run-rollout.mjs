// One rollout from its creation to the verdict on it, with a client at the load balancers all the way.
import { sleep } from '../lib/processes.mjs';
import { say } from '../lib/say.mjs';
import { sharesText } from './shares-text.mjs';
import { judge } from './verdict.mjs';

const ENDED = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];
const NEEDS_A_PERSON = ['Blocked', 'Paused', 'Suspended'];
const GIVE_UP_AFTER_MS = 60_000;

/**
 * @param {{ rest: object, access: object, project: object, plan: object, load: import('./load-client.mjs').LoadClient, services: Record<string, string>,
 *   watcher: { everyMs: number, liveWeights: () => Promise<object>, show: Function }, signal: AbortSignal }} run
 *   `services`: backend's name -> how the load client counts its answers. The watcher is asked every `everyMs` to show the
 *   rollout (with the weights seen when its step was verified, route id -> weights), and for these weights.
 * @returns `{ ok, rollout, steps, problems, load }`: `ok` when every step was verified and nothing was lost; `steps` and
 *   `problems` are the verdict (see `judge`)
 */
export async function runRollout({ rest, access, project, plan, load, services, watcher, signal }) {
  load.start();
  try {
    say(`plan "${plan.name}", drawn at ${access.dashboard}`);
    const created = await rest.post('/rollouts', { projectId: project.id, planId: plan.id });
    const { rollout, timeline, verified } = await follow({ rest, id: created.id, watcher, signal });
    const endedAt = Date.now();
    await load.stop();
    const { steps, problems } = judge({ rollout, timeline, verified, load, services, endedAt });
    report({ rollout, steps, problems, load, services });
    return { ok: problems.length === 0, rollout, steps, problems, load };
  } finally {
    await load.stop();
  }
}

/**
 * Follows a rollout until it has ended (or has needed a person for a minute).
 * @returns `{ rollout, timeline, verified }`: `verified` maps a step's index to `{ at, weights }`, when Sluice called it
 *   verified and what the load balancers themselves then said.
 */
async function follow({ rest, id, watcher, signal }) {
  const verified = new Map();
  let stuckSince;
  for (;;) {
    signal.throwIfAborted();
    const now = await rest.get(`/rollouts/${id}`);
    if (now.verifiedAt !== null && !verified.has(now.stepIndex))
      verified.set(now.stepIndex, { at: now.verifiedAt, weights: await watcher.liveWeights() });
    await watcher.show(now, verified.get(now.stepIndex)?.weights);
    stuckSince = NEEDS_A_PERSON.includes(now.state) ? (stuckSince ?? Date.now()) : undefined;
    const isStuck = stuckSince !== undefined && Date.now() - stuckSince > GIVE_UP_AFTER_MS;
    if (ENDED.includes(now.state) || isStuck)
      return { rollout: now, timeline: await rest.get(`/rollouts/${id}/timeline`), verified };
    await sleep(watcher.everyMs);
  }
}

function report({ rollout, steps, problems, load, services }) {
  say('');
  say(`result: ${rollout.state}. ${rollout.message}`);
  for (const { step: each, verified, counts } of steps) {
    const measured = counts === undefined ? '' : `, served ${sharesText(counts, services)} requests`;
    say(`  step ${each.index + 1} ${each.name}: ${verified ? 'verified' : 'NOT VERIFIED'}${measured}`);
  }
  say(`load client: ${load.count} requests, ${load.lost} failures`);
  for (const problem of problems) say(`  PROBLEM: ${problem}`);
  say(problems.length === 0 ? 'every step was verified, and no request was lost' : 'not all is well: see above');
}
