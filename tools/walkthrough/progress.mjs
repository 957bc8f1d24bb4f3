// The rollout as it goes, one line per change and one every few seconds in between.
import { sleep } from '../lib/processes.mjs';
import { say } from '../lib/say.mjs';

const POLL_MS = 300;
const LINE_AT_LEAST_EVERY_MS = 2_000;
const ENDED = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];
const NEEDS_A_PERSON = ['Blocked', 'Paused', 'Suspended'];
const GIVE_UP_AFTER_MS = 60_000;

/** Follows a rollout until it has ended (or has needed a person for a minute); gives it with its timeline. */
export async function follow({ rest, rollout, route, load, services, signal }) {
  const printer = new Printer(load, services);
  let stuckSince;
  for (;;) {
    signal.throwIfAborted();
    const [now, timeline, health] = await Promise.all([
      rest.get(`/rollouts/${rollout.id}`),
      rest.get(`/rollouts/${rollout.id}/timeline`),
      rest.get(`/routes/${route.id}/target-health`),
    ]);
    printer.show(now, verifiedWeights(timeline, route), health);
    if (ENDED.includes(now.state)) return { rollout: now, timeline };
    stuckSince = NEEDS_A_PERSON.includes(now.state) ? (stuckSince ?? Date.now()) : undefined;
    if (stuckSince !== undefined && Date.now() - stuckSince > GIVE_UP_AFTER_MS) return { rollout: now, timeline };
    await sleep(POLL_MS);
  }
}

/** The weights that were verified last on the route, `undefined` before the first. */
function verifiedWeights(timeline, route) {
  return timeline.points.filter((point) => point.kind === 'verified' && point.routeId === route.id).at(-1)?.weights;
}

class Printer {
  #load;
  #services;
  #shownAt = 0;
  #shown;

  constructor(load, services) {
    this.#load = load;
    this.#services = services;
  }

  show(rollout, verified, health) {
    const [route] = rollout.plan.routes;
    const step = rollout.plan.steps[rollout.stepIndex];
    const facts = [
      `step ${rollout.stepIndex + 1}/${rollout.stepCount}`,
      rollout.state,
      `intended ${weightsText(step?.weights[route.id], route)}`,
      `verified ${weightsText(verified, route)}`,
      `healthy ${health.backends.map(({ name, health: counts }) => `${name} ${counts?.healthy ?? '?'}`).join(' ')}`,
    ].join('  ');
    const now = Date.now();
    const key = `${facts} ${rollout.reason}`;
    if (key === this.#shown && now - this.#shownAt < LINE_AT_LEAST_EVERY_MS) return;
    const served = sharesText(
      this.#load.between(Math.max(this.#shownAt, now - LINE_AT_LEAST_EVERY_MS), now),
      this.#services,
    );
    say(
      `${new Date(now).toISOString().slice(11, 19)}  ${facts}  served ${served}  ${rollout.reason}: ${rollout.message}`,
    );
    this.#shown = key;
    this.#shownAt = now;
  }
}

function weightsText(weights, route) {
  if (weights === undefined) return '-';
  return route.backends
    .map(
      ({ name, targetGroupArn }) =>
        `${name} ${weights.find((each) => each.targetGroupArn === targetGroupArn)?.weight ?? '-'}`,
    )
    .join(' ');
}

/** `red 91% black 9% of 102 requests` */
export function sharesText(counts, services) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'nothing yet';
  const parts = Object.entries(services).map(
    ([backend, service]) => `${backend} ${Math.round((100 * (counts[service] ?? 0)) / total)}%`,
  );
  return `${parts.join(' ')} of ${total} requests`;
}
