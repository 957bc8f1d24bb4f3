export { inParallel } from '../../../tools/lib/in-parallel.mjs';

/** A client of Sluice's REST API that also says how long an answer took and lets refusals be counted. */
export class BenchRest {
  #base;
  #token;

  constructor(api, token) {
    this.#base = `${api}/v1`;
    this.#token = token;
  }

  get = (path) => this.ok('GET', path);
  post = (path, body) => this.ok('POST', path, body);

  /** As `send`, where anything but success is an error. */
  async ok(method, path, body) {
    const reply = await this.send(method, path, body);
    if (reply.status >= 300)
      throw new Error(`${method} /v1${path} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** @returns `{ status, body, ms }` */
  async send(method, path, body) {
    const began = performance.now();
    const reply = await fetch(this.#base + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    });
    const text = await reply.text();
    return {
      status: reply.status,
      body: text === '' ? undefined : JSON.parse(text),
      ms: performance.now() - began,
    };
  }
}
