// A plain client of Sluice's REST API: what anybody could write from its OpenAPI document.
import { ToolError } from '../lib/say.mjs';

export class Rest {
  #base;
  #token;
  #signal;

  constructor({ api, token }, signal) {
    this.#base = `${api}/v1`;
    this.#token = token;
    this.#signal = signal;
  }

  get = (path) => this.#send('GET', path);
  post = (path, body) => this.#send('POST', path, body);
  patch = (path, body) => this.#send('PATCH', path, body);

  /** Every item of a list, page after page. */
  async all(path) {
    const found = [];
    for (let cursor = ''; ;) {
      const { items, next } = await this.get(`${path}?limit=100${cursor}`);
      found.push(...items);
      if (!next) return found;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
  }

  async #send(method, path, body) {
    const reply = await fetch(this.#base + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(30_000)]),
    });
    const text = await reply.text();
    if (!reply.ok) throw new ToolError(`${method} /v1${path} was answered ${reply.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
