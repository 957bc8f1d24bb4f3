import { describe, expect, it } from '@jest/globals';
import { saidOfBackends } from './said-of-backends.js';

const backend = (name: string) => ({ name, clusterId: `clu_${name}`, clusterName: name });
const on = (route: string, name: string, healthy = 0) => ({
  route: { name: route, backends: [backend('green'), backend('blue')] },
  backend: backend(name),
  healthy,
});
const routes = (count: number) => Array.from({ length: count }, (_, i) => `shop-${i + 1}`);
const has = (subject: string, { healthy }: { readonly healthy: number }) => `${subject} has ${healthy}`;

describe('what is said of backends', () => {
  it.each([
    ['of the only route needs not name it', [on('shop', 'green')], 1, 'green has 0'],
    ['of one of several routes says which', [on('shop', 'green')], 2, 'green on shop has 0'],
    [
      'alike of several is said once',
      routes(3).map((route) => on(route, 'green')),
      3,
      'green on shop-1, shop-2 and shop-3 has 0',
    ],
    [
      'of a hundred routes names the first and counts the rest',
      routes(100).flatMap((route) => [on(route, 'green'), on(route, 'blue')]),
      100,
      'green on shop-1, shop-2, shop-3 and 97 more has 0 and blue on shop-1, shop-2, shop-3 and 97 more has 0',
    ],
    [
      'that differs is said apart',
      [on('shop', 'green', 0), on('cart', 'green', 1), on('pay', 'green', 0)],
      3,
      'green on shop and pay has 0 and green on cart has 1',
    ],
  ])('%s', (_sentence, list, routeCount, expected) => {
    expect(saidOfBackends(list, has, routeCount)).toBe(expected);
  });
});
