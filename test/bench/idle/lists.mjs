// Every list of the API with every filter that it takes, as its OpenAPI document says.
import { readFileSync } from 'node:fs';
import { inRoot } from '../../../tools/lib/paths.mjs';
import { idOf } from './fill.mjs';

const PAGES = 3;
const LIMIT = 50;

/** Values of filters: what has much behind it, and what has little. A filter without any here is an error. */
const VALUES = {
  projectId: [idOf('prj', 1), idOf('prj', 50)],
  accountId: [idOf('acc', 1)],
  clusterId: [idOf('clu', 'old1')],
  routeId: [idOf('rte', 1_500), idOf('rte', 2_005)],
  backendId: async (rest) => {
    const { items } = await rest.get(`/backends?routeId=${idOf('rte', 1_500)}`);
    return items.map(({ id }) => id).slice(0, 1);
  },
  rolloutId: [idOf('rol', 'h5')],
  labels: ['app=shop', 'team=team-7', 'app=nobody', 'stage=production'],
};

const listsOf = (document) =>
  Object.entries(document.paths).flatMap(([path, { get }]) => {
    const reply = get?.responses['200']?.content?.['application/json']?.schema?.$ref ?? '';
    return reply.endsWith('Page') ? [{ path: path.replace('/v1', ''), ...get }] : [];
  });

/** Walks them. Returns `[{ list, path, ms }]`, one for each page that was read. */
export async function walkLists(rest) {
  const document = JSON.parse(readFileSync(inRoot('apps/api/openapi.json'), 'utf8'));
  const read = [];
  for (const list of listsOf(document)) {
    const filters = (list.parameters ?? []).filter(
      (one) => one.in === 'query' && !['limit', 'cursor'].includes(one.name),
    );
    const values = await Promise.all(
      filters.map(async (filter) => [filter.name, await valuesOf(rest, document, filter)]),
    );
    const path = list.path.replace('{id}', idOf('pln', 1));
    for (const query of combinations(values)) read.push(...(await walk(rest, list, path, query)));
  }
  return read;
}

async function valuesOf(rest, document, { name, schema }) {
  const { enum: words } = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema;
  const values = words ?? VALUES[name];
  if (values === undefined)
    throw new Error(`the idle bench knows no value for the filter ${name}: say one in its lists.mjs`);
  return typeof values === 'function' ? values(rest) : values;
}

/** No filter, each by itself, and each together with each other. */
function combinations(filters) {
  const singles = filters.flatMap(([name, values]) => values.map((value) => ({ [name]: value })));
  const pairs = filters.flatMap(([name, values], index) =>
    filters
      .slice(index + 1)
      .flatMap(([other, others]) => values.flatMap((one) => others.map((two) => ({ [name]: one, [other]: two })))),
  );
  return [{}, ...singles, ...pairs];
}

async function walk(rest, { operationId, parameters = [] }, path, filters) {
  const takesLimit = parameters.some(({ name }) => name === 'limit');
  const read = [];
  let cursor = null;
  for (let page = 0; page < PAGES; page++) {
    const query = new URLSearchParams({
      ...filters,
      ...(takesLimit ? { limit: LIMIT } : {}),
      ...(cursor ? { cursor } : {}),
    });
    const { status, body, ms } = await rest.send('GET', `${path}?${query}`);
    // a combination that a list doesn't take costs nothing
    if (status === 400 && body.errors?.every(({ field }) => field.startsWith('query.'))) return read;
    if (status !== 200) throw new Error(`GET ${path}?${query} was answered ${status}: ${JSON.stringify(body)}`);
    read.push({ list: operationId, path: `${path}?${query}`, ms });
    cursor = body.next;
    if (cursor === null) break;
  }
  return read;
}
