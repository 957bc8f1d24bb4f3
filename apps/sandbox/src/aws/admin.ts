import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Limits } from './limits.js';
import { marksOf } from './marks.js';
import type { StateStore } from './state-store.js';
import type { TrafficLog } from './traffic-log.js';

interface AdminParts {
  readonly store: StateStore;
  readonly limits: Limits;
  readonly traffic: TrafficLog;
}

type Reply = { readonly status: number; readonly body: object };

const maxBodyBytes = 64 * 1024;
const maxCalls = 20_000;

/**
 * What isn't AWS's, on the same port (AWS calls are POSTs); with another peer in our place it isn't there.
 * `GET /sandbox/state?after=REVISION`: a revision that grows with every change, and where it isn't REVISION, the accounts
 * and Regions with load balancers, each with the marks of what is in it, so that the data plane may read only what changed. `GET /sandbox/requests?after=0&limit=20000`: the users' calls, from
 * memory. `PUT /sandbox/limits`: see `Limits.set`.
 */
export async function answerAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  parts: AdminParts,
): Promise<void> {
  const { status, body } = await answer(request, parts);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function answer(request: IncomingMessage, { store, limits, traffic }: AdminParts): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  switch (`${request.method ?? ''} ${pathname}`) {
    case 'GET /sandbox/state':
      return { status: 200, body: stateOf(store, Number(searchParams.get('after') ?? 0)) };
    case 'GET /sandbox/requests':
      return requests(traffic, searchParams);
    case 'PUT /sandbox/limits': {
      const result = limits.set(await readJson(request));
      return result.kind === 'set'
        ? { status: 200, body: {} }
        : { status: 400, body: { reason: 'BadLimits', detail: result.detail } };
    }
    default:
      return { status: 404, body: { message: 'AWS calls are POSTs' } };
  }
}

function stateOf(store: StateStore, after: number): object {
  if (after === store.revision) return { revision: store.revision };
  const used = store.regions().filter(({ state }) => Object.keys(state.loadBalancers).length > 0);
  return {
    revision: store.revision,
    regions: used.map(({ account, regionName, state }) => ({ account, region: regionName, marks: marksOf(state) })),
  };
}

function requests(traffic: TrafficLog, query: URLSearchParams): Reply {
  const after = Number(query.get('after') ?? 0);
  const limit = Number(query.get('limit') ?? maxCalls);
  if (!Number.isInteger(after) || after < 0 || !Number.isInteger(limit) || limit < 1 || limit > maxCalls)
    return {
      status: 400,
      body: { reason: 'BadQuery', detail: `after: a whole number; limit: 1 to ${maxCalls}` },
    };
  return { status: 200, body: traffic.after(after, limit) };
}

/** undefined for what is no JSON or too long. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > maxBodyBytes) return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
