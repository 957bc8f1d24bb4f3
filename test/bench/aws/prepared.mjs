import { Calls } from '../lib/calls.mjs';
import { Installation } from '../lib/installation.mjs';
import { World } from '../lib/world.mjs';

export const ACCOUNT = '111122223333';
/** The one that will not be reachable. */
export const OTHER_ACCOUNT = '444455556666';

/**
 * Runs `work({ installation, rest, world, account, calls, routes })` on an installation of its own with so many routes,
 * the account's limits still being generous.
 */
export async function withRoutes(count, pace, work) {
  const installation = await Installation.start({ accounts: [ACCOUNT, OTHER_ACCOUNT] });
  let world;
  try {
    world = await World.create(installation);
    const account = await world.addAccount(ACCOUNT, pace.apiBudget);
    const routes = await world.addRoutes(account, count);
    const calls = new Calls(installation.sandbox);
    return await work({ installation, rest: installation.rest, world, account, calls, routes });
  } finally {
    world?.close();
    await installation.stop();
  }
}
