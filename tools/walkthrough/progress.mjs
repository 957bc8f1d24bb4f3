// The rollout as it goes, one line per change and one every two seconds in between.
import { sleep } from '../lib/processes.mjs';
import { say } from '../lib/say.mjs';

const POLL_MS = 300;
const LINE_AT_LEAST_EVERY_MS = 2_000;
const ENDED = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];
const NEEDS_A_PERSON = ['Blocked', 'Paused', 'Suspended'];
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Follows a rollout until it has ended (or has needed a person for a minute).
 * @returns `{ rollout, timeline, verified }`: `verified` maps a step's index to `{ at, weights }`, when Sluice called it
 *   verified and what the load balancer itself then said.
 */
export async function follow({ rest, rollout, route, load, services, signal }) {
  const printer = new Printer(load, services);
  const verified = new Map();
  let stuckSince;
  for (;;) {
    signal.throwIfAborted();
    const [now, health] = await Promise.all([
      rest.get(`/rollouts/${rollout.id}`),
      rest.get(`/routes/${route.id}/target-health`),
    ]);
    if (now.verifiedAt !== null && !verified.has(now.stepIndex)) {
      const live = await rest.get(`/routes/${route.id}/live?fresh=true`);
      verified.set(now.stepIndex, { at: now.verifiedAt, weights: live.weights });
    }
    printer.show(now, verified.get(now.stepIndex)?.weights, health);
    stuckSince = NEEDS_A_PERSON.includes(now.state) ? (stuckSince ?? Date.now()) : undefined;
    const isStuck = stuckSince !== undefined && Date.now() - stuckSince > GIVE_UP_AFTER_MS;
    if (ENDED.includes(now.state) || isStuck)
      return { rollout: now, timeline: await rest.get(`/rollouts/${rollout.id}/timeline`), verified };
    await sleep(POLL_MS);
  }
}

class Printer {
  #load;
  #services;
  #shownAt = Date.now();
  #shown;

  constructor(load, services) {
    this.#load = load;
    this.#services = services;
  }

  show(rollout, verified, health) {
    const facts = [
      `step ${rollout.stepIndex + 1}/${rollout.stepCount}`.padEnd(8),
      rollout.state.padEnd(9),
      `intended ${this.#shares(rollout.plan.steps[rollout.stepIndex]?.shares, rollout).padEnd(16)}`,
      `verified ${this.#weights(verified, rollout).padEnd(16)}`,
      `healthy ${this.#names(({ name }) => health.backends.find((each) => each.name === name)?.health?.healthy ?? '?', rollout)}`,
    ].join('  ');
    const now = Date.now();
    const key = `${facts} ${rollout.reason}`;
    if (key === this.#shown && now - this.#shownAt < LINE_AT_LEAST_EVERY_MS) return;
    const served = sharesText(this.#load.between(this.#shownAt, now), this.#services);
    say(`${new Date(now).toISOString().slice(11, 19)}  ${facts}  served ${served.padEnd(20)}  ${rollout.message}`);
    this.#shown = key;
    this.#shownAt = now;
  }

  #shares(shares, rollout) {
    if (shares === undefined) return '-';
    return this.#names(({ name }) => (shares[name] ?? 0) / 10, rollout);
  }

  #weights(weights, rollout) {
    if (weights === undefined) return '-';
    return this.#names(
      ({ targetGroupArn }) => weights.find((each) => each.targetGroupArn === targetGroupArn)?.weight ?? '-',
      rollout,
    );
  }

  /** `red 90 black 10`: one value per backend, in the order of the walkthrough. */
  #names(valueOf, rollout) {
    const { backends } = rollout.plan.routes[0];
    return Object.keys(this.#services)
      .map((name) => `${name} ${valueOf(backends.find((backend) => backend.name === name) ?? { name })}`)
      .join(' ');
  }
}

/** `red 91% black 9% of 102` */
export function sharesText(counts, services) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'nothing yet';
  const parts = Object.entries(services).map(
    ([backend, service]) => `${backend} ${Math.round((100 * (counts[service] ?? 0)) / total)}%`,
  );
  return `${parts.join(' ')} of ${total}`;
}
