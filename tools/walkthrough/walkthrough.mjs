// One blue/green upgrade from beginning to end, over the REST API, with a client at the load balancer all the way.
import { step } from '../lib/say.mjs';
import { LoadClient } from './load-client.mjs';
import { Progress } from './progress.mjs';
import { Rest } from './rest.mjs';
import { runRollout } from './run-rollout.mjs';
import { setUp } from './setup.mjs';

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
  const load = new LoadClient([{ url: alb }]);
  const progress = new Progress(load, SERVICES);
  const watcher = {
    everyMs: 300,
    liveWeights: async () => ({ [route.id]: (await rest.get(`/routes/${route.id}/live?fresh=true`)).weights }),
    show: async (rollout, verified) =>
      progress.show(rollout, verified?.[route.id], await rest.get(`/routes/${route.id}/target-health`)),
  };
  const result = await runRollout({ rest, access, project, plan, load, services: SERVICES, watcher, signal });
  return { ...result, alb, project, route };
}
