import type { Replica, Stack, Upgrade } from './stack.js';

interface Seen {
  readonly targetGroupArn: string;
  readonly weight: number;
}

/** Percent that stay where they were. */
const threeSteps = [90, 50, 0];

/** Starts a rollout from whichever of red and black has the weight now to the other. Returns its id. */
export async function startBackOrForth(
  stack: Stack,
  replica: Replica,
  { route, project }: Upgrade,
  { holdMs, stays = threeSteps }: { readonly holdMs: number; readonly stays?: readonly number[] },
): Promise<string> {
  const rest = stack.rest(replica);
  const live = (await rest.get(`/routes/${route.id}/live`)).weights as Seen[];
  const isOnRed = live.find((one) => one.targetGroupArn.includes('/red-'))!.weight > 0;
  const [from, to] = isOnRed ? ['red', 'black'] : ['black', 'red'];
  const steps = stays.map((percent) => ({ shares: { [from]: percent, [to]: 100 - percent }, holdMs }));
  const spec = {
    routes: { kind: 'ids', ids: [route.id] },
    steps: { kind: 'explicit', steps },
    minHealthyTargets: 1,
    settleMs: 200,
    bakeMs: 60_000,
  };
  const name = `run ${String(Date.now())}`;
  const { plan } = await rest.post('/plans', { projectId: project.id, name, spec });
  return ((await rest.post('/rollouts', { projectId: project.id, planId: plan.id })) as { id: string }).id;
}
