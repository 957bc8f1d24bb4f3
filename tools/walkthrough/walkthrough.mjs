// One blue/green upgrade from beginning to end, over the REST API, with a client at the load balancer all the way.
import { say, step } from '../lib/say.mjs';
import { LoadClient } from './load-client.mjs';
import { follow, sharesText } from './progress.mjs';
import { Rest } from './rest.mjs';
import { setUp } from './setup.mjs';
import { judge } from './verdict.mjs';

/** Backend -> the name of its Service, as the pods report it. */
const SERVICES = { red: 'red-service', black: 'black-service' };

/**
 * @param {{ access: object, sandbox: object, signal: AbortSignal, onAlb: (url: string) => void, holdMs?: number }} world
 * @returns `{ ok, alb, project, route, rollout, steps, problems, load }`: `ok` when every step was verified and nothing
 *   was lost; `steps` and `problems` are the verdict on the ended rollout (see `judge`).
 */
export async function walkthrough({ access, sandbox, signal, onAlb, holdMs }) {
  const rest = new Rest(access, signal);
  let made;
  await step('preparing load balancer, target groups, clusters and bindings', async () => {
    made = await setUp({ rest, access, sandbox, signal, holdMs });
  });
  const { project, route, plan, alb } = made;
  onAlb(alb);
  const load = new LoadClient(alb);
  load.start();
  try {
    say(`plan "${plan.name}", drawn at ${access.dashboard}`);
    const created = await rest.post('/rollouts', { projectId: project.id, planId: plan.id });
    const { rollout, timeline, verified } = await follow({
      rest,
      rollout: created,
      route,
      load,
      services: SERVICES,
      signal,
    });
    const endedAt = Date.now();
    await load.stop();
    const { steps, problems } = judge({ rollout, timeline, verified, load, services: SERVICES, endedAt });
    report({ rollout, steps, problems, load });
    return { ok: problems.length === 0, alb, project, route, rollout, steps, problems, load };
  } finally {
    await load.stop();
  }
}

function report({ rollout, steps, problems, load }) {
  say('');
  say(`result: ${rollout.state}. ${rollout.message}`);
  for (const { step: each, verified, counts } of steps) {
    const measured = counts === undefined ? '' : `, served ${sharesText(counts, SERVICES)} requests`;
    say(`  step ${each.index + 1} ${each.name}: ${verified ? 'verified' : 'NOT VERIFIED'}${measured}`);
  }
  say(`load client: ${load.count} requests, ${load.failures.length} failures`);
  for (const problem of problems) say(`  PROBLEM: ${problem}`);
  say(problems.length === 0 ? 'every step was verified, and no request was lost' : 'not all is well: see above');
}
