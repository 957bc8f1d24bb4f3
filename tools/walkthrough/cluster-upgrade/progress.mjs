// A rollout over many routes as it goes, one line per change of step or state and one every three seconds in between.
import { say } from '../../lib/say.mjs';

const LINE_EVERY_MS = 3_000;
const NAMED_REASONS = 2;

export class ProgressOfMany {
  #rest;
  #account;
  #load;
  #shownAt = -Infinity;
  #shown;

  constructor({ rest, account, load }) {
    this.#rest = rest;
    this.#account = account;
    this.#load = load;
  }

  async show(rollout) {
    const key = `${rollout.stepIndex} ${rollout.state} ${rollout.reason}`;
    const now = Date.now();
    if (key === this.#shown && now - this.#shownAt < LINE_EVERY_MS) return;
    const gateway = await this.#rest.get(`/accounts/${this.#account.id}/gateway`);
    say(
      [
        new Date(now).toISOString().slice(11, 19),
        `step ${rollout.stepIndex + 1} of ${rollout.stepCount}`,
        rollout.state.padEnd(9),
        standingText(rollout),
        `requests ${this.#load.count} served ${this.#load.lost} lost`,
        spentText(gateway),
        rollout.message,
      ].join('  '),
    );
    this.#shown = key;
    this.#shownAt = now;
  }
}

/** `63 verified, 4 being written, 33 waiting (30 for their turn, 3 WaitingForHealthyTargets)` */
export function standingText({ routes, stepIndex }) {
  const open = routes.filter(({ write }) => write !== null);
  const verified = routes.filter((route) => route.write === null && route.stepIndex === stepIndex && route.verifiedAt);
  const waiting = open.filter(({ write }) => write.state === 'pending');
  const sent = open.filter(({ write }) => write.state === 'sent').length;
  const failed = open.filter(({ write }) => write.state === 'failed').length;
  const parts = [
    `${verified.length}/${routes.length} verified`,
    ...(sent > 0 ? [`${sent} being written`] : []),
    ...(waiting.length > 0 ? [`${waiting.length} waiting (${whyText(waiting)})`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return parts.join(', ').padEnd(44);
}

function whyText(waiting) {
  const counts = new Map();
  for (const { write } of waiting) {
    const why = write.reason ?? 'for their turn';
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const named = sorted.slice(0, NAMED_REASONS).map(([why, count]) => (sorted.length === 1 ? why : `${count} ${why}`));
  return [...named, ...(sorted.length > NAMED_REASONS ? ['…'] : [])].join(', ');
}

function spentText({ gateway }) {
  const spending = gateway?.spending ?? null;
  if (spending === null) return 'reads ?/s writes ?/s';
  return `reads ${spending.reads.perSecond.toFixed(1)}/s writes ${spending.writes.perSecond.toFixed(1)}/s`;
}
