import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ExternalFailure } from '@sluice/control';
import type { LiveRoute } from '@sluice/domain';

/** The action lists that routes were read from, as AWS sent them: the canonical form is too little to write back. */
export class RawActions {
  private readonly byRoute = new WeakMap<LiveRoute, readonly Action[]>();

  remember(route: LiveRoute, actions: readonly Action[]): LiveRoute {
    this.byRoute.set(route, actions);
    return route;
  }

  /** @throws ExternalFailure terminal `StaleBase` for a route that this adapter did not read */
  of(route: LiveRoute): readonly Action[] {
    const actions = this.byRoute.get(route);
    if (actions !== undefined) return actions;
    throw new ExternalFailure({
      system: 'aws',
      kind: 'terminal',
      code: 'StaleBase',
      message: `The weights of ${route.routeArn} can only be written on top of a fresh read of it, and this one was not read here. Read the route, then write.`,
    });
  }
}
