import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Replica, type Stack } from '../e2e/stack.js';

/** One request after the other, as a loop of curl makes them; which backend answered each, by the first word of its page. */
export async function visit(url: string, count: number, untilMs = Infinity): Promise<string[]> {
  const answers: string[] = [];
  while (answers.length < count && Date.now() < untilMs) {
    const reply = await fetch(url);
    const page = await reply.text();
    answers.push(reply.status === 200 ? (page.split(' ')[0] ?? '') : `${reply.status} ${page}`);
  }
  return answers;
}

/** Waits until the only rollout of a new installation holds this step, and visits the load balancer for as long as it does. */
export async function visitDuringStep(
  stack: Stack,
  replica: Replica,
  url: string,
  stepIndex: number,
): Promise<string[]> {
  const rest = stack.rest(replica);
  const { verifiedAt, holdMs, settleMs } = await eventually(
    `step ${stepIndex} held`,
    async () => {
      const [project] = (await rest.get('/projects')).items;
      const [listed] = project ? (await rest.get(`/rollouts?projectId=${project.id}`)).items : [];
      if (listed?.stepIndex !== stepIndex) return null;
      const rollout = await rest.get(`/rollouts/${listed.id}`);
      if (rollout.stepIndex !== stepIndex || rollout.verifiedAt === null) return null;
      return {
        verifiedAt: Date.parse(rollout.verifiedAt),
        holdMs: Number(rollout.plan.steps[stepIndex].holdMs),
        settleMs: Number(rollout.plan.settleMs),
      };
    },
    240_000,
  );
  // until then a change may still be on its way
  await sleep(Math.max(0, verifiedAt + settleMs - Date.now()));
  return visit(url, 2_000, verifiedAt + holdMs - 500);
}

/** How far a number of `p`-coin tosses may lie from its mean: five standard deviations, passed by chance once in millions. */
export const fiveSigma = (tosses: number, p: number): number => 5 * Math.sqrt(tosses * p * (1 - p));

/** How often an answer differs from the one before it. */
export const changesIn = (answers: readonly string[]): number =>
  answers.filter((one, index) => index > 0 && one !== answers[index - 1]).length;
