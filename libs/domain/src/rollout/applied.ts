import type { Change } from './change.js';
import type { Rollout } from './types.js';

/** A rollout after a change, as the store would have it: for simulations, replays and tests. */
export function applied(rollout: Rollout, change: Change): Rollout {
  const { startedAt: _s, reason: _r, message: _m, beside: _b, diffs: _d, ...patch } = change.rollout;
  const byId = new Map(change.routes.map((one) => [one.routeId, one]));
  const plan = change.plan ?? rollout.plan;
  return {
    ...rollout,
    ...patch,
    plan: {
      ...plan,
      routes: plan.routes.map((route) => ({ ...route, baseline: byId.get(route.id)?.baseline ?? route.baseline })),
    },
    version: rollout.version + 1,
    routes: plan.routes.map((route, i) => {
      const before = rollout.routes[i] ?? {
        routeId: route.id,
        stepIndex: -1,
        expected: route.baseline,
        verifiedAt: null,
        heldMs: 0,
        touched: false,
      };
      const { write: _w, baseline: _base, ...progress } = byId.get(route.id) ?? { routeId: route.id };
      return { ...before, ...progress };
    }),
  };
}
