// A client that never stops asking, as users do: a steady rate of real HTTP requests to one URL, every answer counted by
// the Service it came from (the header that the sandbox's pods set) and every failure kept.
import http from 'node:http';

const REQUESTS_PER_SECOND = 50;
const TIMEOUT_MS = 10_000;

export class LoadClient {
  #url;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  #timer;
  #underWay = new Set();
  #answers = [];
  #failures = [];

  constructor(url) {
    this.#url = url;
  }

  start() {
    this.#timer = setInterval(() => this.#ask(), 1_000 / REQUESTS_PER_SECOND);
  }

  /** No new requests; waits for those under way. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  get count() {
    return this.#answers.length + this.#failures.length;
  }

  /** Sentences about requests that were not answered with 2xx by one of the Services. */
  get failures() {
    return this.#failures;
  }

  /** How many requests sent in `[fromMs, untilMs)` (Date.now) each Service has answered: `{ name: count }`. */
  between(fromMs, untilMs) {
    const counts = {};
    for (let index = this.#answers.length - 1; index >= 0; index--) {
      const { at, service } = this.#answers[index];
      // answers arrive nearly in the order of their requests
      if (at < fromMs - TIMEOUT_MS) break;
      if (at >= fromMs && at < untilMs) counts[service] = (counts[service] ?? 0) + 1;
    }
    return counts;
  }

  #ask() {
    const at = Date.now();
    const asking = request(this.#url, this.#agent).then(
      ({ status, service }) => {
        if (status >= 200 && status < 300 && service !== undefined) this.#answers.push({ at, service });
        else
          this.#failures.push(
            `${new Date(at).toISOString()}: answered ${status}${service === undefined ? ' by no Service' : ''}`,
          );
      },
      (error) => void this.#failures.push(`${new Date(at).toISOString()}: ${error.message}`),
    );
    this.#underWay.add(asking);
    void asking.finally(() => this.#underWay.delete(asking));
  }
}

function request(url, agent) {
  return new Promise((resolve, reject) => {
    const asking = http.get(url, { agent, timeout: TIMEOUT_MS }, (reply) => {
      reply.once('error', reject).once('end', () => {
        resolve({ status: reply.statusCode, service: reply.headers['x-sandbox-service'] });
      });
      reply.resume();
    });
    asking
      .once('timeout', () => asking.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
      .once('error', reject);
  });
}
