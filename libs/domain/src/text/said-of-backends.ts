import { listed } from './duration.js';
import { backendText, type NamedBackend } from './shares-text.js';

interface OnRoute {
  readonly route: { readonly name: string; readonly backends: readonly NamedBackend[] };
  readonly backend: NamedBackend;
}

/**
 * What `says` makes of backends, for a sentence: `green has 0 of 2 targets healthy`. Where the rollout has several routes
 * the subject says on which, and what is the same on many is said once: `green on shop-1, shop-2 and shop-3 has 0 of 2 …`.
 */
export function saidOfBackends<T extends OnRoute>(
  list: readonly T[],
  says: (subject: string, one: T) => string,
  routeCount: number,
): string {
  const alike = new Map<string, { readonly first: T; readonly name: string; readonly routes: string[] }>();
  for (const one of list) {
    const name = backendText(one.route, one.backend);
    const words = says(name, one);
    const group = alike.get(words) ?? { first: one, name, routes: [] };
    group.routes.push(one.route.name);
    alike.set(words, group);
  }
  return listed(
    [...alike.values()].map(({ first, name, routes }) =>
      says(routeCount > 1 ? `${name} on ${listed(routes)}` : name, first),
    ),
  );
}
