import type { FastifyInstance } from 'fastify';

/** Which methods each path takes, collected as routes are added: tells a wrong method (405) from an unknown path (404). */
export class MethodTable {
  private readonly routes: { readonly pattern: RegExp; readonly method: string }[] = [];

  collect(instance: FastifyInstance): void {
    instance.addHook('onRoute', (route) => {
      if (route.url === '*' || route.url.endsWith('/*')) return;
      const pattern = patternOf(route.url);
      for (const method of [route.method].flat()) this.routes.push({ pattern, method });
    });
  }

  methodsFor(path: string): string[] {
    return [...new Set(this.routes.filter((route) => route.pattern.test(path)).map((route) => route.method))].sort();
  }
}

/** `/v1/rollouts/:id(^[^:]+)::pause` → a pattern that matches `/v1/rollouts/anything:pause`. */
function patternOf(url: string): RegExp {
  const source = url
    .replaceAll('::', '\u0002')
    .replace(/:[A-Za-z]+(\([^)]*\))?/g, '\u0001')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('\u0001', '[^/:]+')
    .replaceAll('\u0002', ':');
  return new RegExp(`^${source}/?$`);
}
