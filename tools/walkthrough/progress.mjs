// The rollout of one route as it goes, one line per change and one every two seconds in between.
import { say } from '../lib/say.mjs';
import { sharesText } from './shares-text.mjs';

const LINE_AT_LEAST_EVERY_MS = 2_000;

export class Progress {
  #load;
  #services;
  #shownAt = Date.now();
  #shown;

  constructor(load, services) {
    this.#load = load;
    this.#services = services;
  }

  /** `verified`: the route's weights when the step was verified; `health` as `GET /routes/{id}/target-health` has it. */
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
