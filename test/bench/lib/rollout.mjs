// What the benches do with rollouts over REST.
import { sleep } from '../../../tools/lib/processes.mjs';

const ENDED = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];

/** Tries until it is accepted; gives `{ rollout, attempts, refusals }`, `rollout` undefined when `tries` are used up. */
export async function createRollout(rest, project, plan, { startAt = 'now', tries = 4 } = {}) {
  const refusals = [];
  for (let attempts = 1; attempts <= tries; attempts++) {
    const { status, body } = await rest.send('POST', '/rollouts', { projectId: project.id, planId: plan.id, startAt });
    if (status < 300) return { rollout: body.rollout ?? body, attempts, refusals };
    refusals.push({ status, reason: body?.reason ?? body?.title, detail: body?.detail });
    await sleep(3_000);
  }
  return { rollout: undefined, attempts: tries, refusals };
}

/** Looks every `everyMs` until `until(rollout)` or the rollout has ended or the time is over; gives it as it is then. */
export async function follow(rest, id, { until = () => false, timeoutMs, everyMs = 1_000, look = () => undefined }) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const rollout = await rest.get(`/rollouts/${id}`);
    await look(rollout);
    if (until(rollout) || ENDED.includes(rollout.state) || performance.now() > deadline) return rollout;
    await sleep(everyMs);
  }
}
