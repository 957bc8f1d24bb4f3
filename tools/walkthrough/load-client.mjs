// A client that never stops asking, as users do: a steady rate of real HTTP requests, every answer counted by who gave it
// (headers that the sandbox's pods set) and every failure kept.
import http from 'node:http';
import { waitUntil } from '../lib/processes.mjs';

const TIMEOUT_MS = 10_000;
/** A broken run fails by the thousand; the first ones tell why. */
const KEPT_FAILURES = 1_000;

export class LoadClient {
  #targets;
  #countedBy;
  #everyMs;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  #timer;
  #asked = 0;
  #underWay = new Set();
  #answers = [];
  #failures = [];
  #lost = 0;

  /**
   * @param {{ url: string, host?: string, service?: string }[]} targets asked in turn; `host`: the name they are asked by;
   *   `service`: who has to answer, anybody else's answer is a failure
   * @param {{ countedBy?: 'service' | 'cluster', perSecond?: number }} options
   */
  constructor(targets, { countedBy = 'service', perSecond = 50 } = {}) {
    this.#targets = targets;
    this.#countedBy = countedBy;
    this.#everyMs = 1_000 / perSecond;
  }

  start() {
    this.#timer = setInterval(() => this.#ask(), this.#everyMs);
  }

  /** No new requests; waits for those under way. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  get count() {
    return this.#answers.length + this.#lost;
  }

  get lost() {
    return this.#lost;
  }

  /** Sentences about the first requests that were not answered with 2xx by the Service that should. */
  get failures() {
    return this.#failures;
  }

  /** How many requests sent in `[fromMs, untilMs)` (Date.now) each Service or cluster has answered: `{ name: count }`. */
  between(fromMs, untilMs) {
    const counts = {};
    for (let index = this.#answers.length - 1; index >= 0; index--) {
      const { at, by } = this.#answers[index];
      // answers arrive nearly in the order of their requests
      if (at < fromMs - TIMEOUT_MS) break;
      if (at >= fromMs && at < untilMs) counts[by] = (counts[by] ?? 0) + 1;
    }
    return counts;
  }

  #ask() {
    const at = Date.now();
    const target = this.#targets[this.#asked++ % this.#targets.length];
    const asking = request(target, this.#agent).then(
      (answer) => {
        const wrong = wrongWith(answer, target);
        if (wrong === undefined) this.#answers.push({ at, by: answer[this.#countedBy] });
        else this.#failed(at, target, wrong);
      },
      (error) => this.#failed(at, target, error.message),
    );
    this.#underWay.add(asking);
    void asking.finally(() => this.#underWay.delete(asking));
  }

  #failed(at, { host }, what) {
    this.#lost += 1;
    const where = host === undefined ? '' : `${host} `;
    if (this.#failures.length < KEPT_FAILURES) this.#failures.push(`${new Date(at).toISOString()}: ${where}${what}`);
  }
}

/** Waits until every target is answered as it should be: load balancers take a moment to follow what was set up. */
export async function untilAllAnswer(targets, { timeoutMs = 60_000 } = {}) {
  const agent = new http.Agent({ keepAlive: true });
  const isAnswered = (target) =>
    request(target, agent).then(
      (answer) => wrongWith(answer, target) === undefined,
      () => false,
    );
  try {
    for (const target of targets)
      await waitUntil(`an answer of ${target.host ?? target.url}`, () => isAnswered(target), { timeoutMs });
  } finally {
    agent.destroy();
  }
}

function wrongWith({ status, service }, target) {
  if (status < 200 || status >= 300 || service === undefined)
    return `answered ${status}${service === undefined ? ' by no Service' : ''}`;
  return target.service === undefined || target.service === service ? undefined : `was answered by ${service}`;
}

function request({ url, host }, agent) {
  return new Promise((resolve, reject) => {
    const options = { agent, timeout: TIMEOUT_MS, ...(host === undefined ? {} : { headers: { host } }) };
    const asking = http.get(url, options, (reply) => {
      reply.once('error', reject).once('end', () => {
        const { 'x-sandbox-service': service, 'x-sandbox-cluster': cluster } = reply.headers;
        resolve({ status: reply.statusCode, service, cluster });
      });
      reply.resume();
    });
    asking
      .once('timeout', () => asking.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
      .once('error', reject);
  });
}
