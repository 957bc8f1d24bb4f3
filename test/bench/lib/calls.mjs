// The calls that the sandbox's AWS has answered, as a bench counts them.
const EVERY = 20_000;

/** Follows the calls of the sandbox's AWS; ask it at least every few minutes. */
export class Calls {
  #endpoint;
  #next = 0;
  #all = [];

  constructor({ aws }) {
    this.#endpoint = aws.endpoint;
  }

  /** All calls so far, oldest first. Fails where the sandbox has forgotten some: figures would be too good. */
  async read() {
    for (;;) {
      const reply = await fetch(`${this.#endpoint}/sandbox/requests?after=${this.#next}&limit=${EVERY}`);
      const { calls, next, lost } = await reply.json();
      if (lost > 0) throw new Error(`${lost} calls were lost before they were read`);
      this.#next = next;
      this.#all.push(...calls);
      if (calls.length < EVERY) return this.#all;
    }
  }

  /** Those of one account that arrived in `[fromMs, untilMs)`. */
  async between(account, fromMs, untilMs = Infinity) {
    const all = await this.read();
    return all.filter((call) => call.account === account && call.atMs >= fromMs && call.atMs < untilMs);
  }
}

export const isRead = (call) => call.action.startsWith('Describe');
export const isModify = (call) => call.action === 'ModifyRule' || call.action === 'ModifyListener';

/** Share of the new cluster's target group, in percent, that a write of a route gives it. */
export function newShareOf(call, route) {
  const weights = call.weights ?? {};
  const total = Object.values(weights).reduce((all, weight) => all + weight, 0);
  return total === 0 ? NaN : Math.round((100 * (weights[route.groups[1]] ?? 0)) / total);
}

/** Tokens left in a full-at-`fromMs` bucket when `atMs` comes, after the calls that took one. */
export function tokensAt(calls, { burst, perSecond }, fromMs, atMs) {
  let tokens = burst;
  let last = fromMs;
  for (const call of calls) {
    if (call.atMs >= atMs) break;
    tokens = Math.min(burst, tokens + ((call.atMs - last) / 1000) * perSecond);
    last = call.atMs;
    if (!call.throttled) tokens = Math.max(0, tokens - 1);
  }
  return Math.min(burst, tokens + ((atMs - last) / 1000) * perSecond);
}
