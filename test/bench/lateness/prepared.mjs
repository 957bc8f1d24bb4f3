// Many accounts with numbers of their own, so as many gateways, and rollouts of one route each over them.
import { Calls } from '../lib/calls.mjs';
import { prepareCounting } from '../lib/database-figures.mjs';
import { Installation } from '../lib/installation.mjs';
import { inParallel } from '../lib/rest.mjs';
import { World } from '../lib/world.mjs';
import { step } from '../../../tools/lib/say.mjs';

const numberOf = (index) => String(100_000_000_000 + index);
const ACCOUNTS_AT_ONCE = 4;
/** The sandbox checks two targets for each route on the same processors. */
const HEALTH_CHECK_SECONDS = 300;
const AT_ONCE = 6;
/** More than one account needs here: what AWS allows is not what is measured. */
const API_BUDGET = { modifyPerSecond: 50, modifyBurst: 100, readPerSecond: 50, readBurst: 100 };

/** Runs `work({ installation, rest, world, calls, routes, begin, abort })`; see `begin` for what rollouts there are. */
export async function withRollouts({ rollouts, gateways }, work) {
  const numbers = Array.from({ length: gateways }, (_, index) => numberOf(index));
  const installation = await step('an installation', () => Installation.start({ accounts: numbers }));
  let world;
  try {
    await prepareCounting(installation.databaseUrl);
    world = await World.create(installation, { healthCheckSeconds: HEALTH_CHECK_SECONDS });
    const routes = await step(`${rollouts} routes in ${gateways} accounts`, () => makeRoutes(world, numbers, rollouts));
    const calls = new Calls(installation.sandbox);
    await calls.read();
    const plans = new Map();
    const made = {
      installation,
      get rest() {
        return installation.rest;
      },
      world,
      routes,
      calls,
      begin: (name, list, steps) => createAll({ installation, world, plans }, name, list, steps),
      abort: (ids) => inParallel(ids, AT_ONCE, (id) => installation.rest.post(`/rollouts/${id}:abort`)),
    };
    return await work(made);
  } finally {
    world?.close();
    await installation.stop();
  }
}

async function makeRoutes(world, numbers, count) {
  const accounts = [];
  for (const number of numbers) accounts.push(await world.addAccount(number, API_BUDGET));
  const perAccount = await inParallel(accounts, ACCOUNTS_AT_ONCE, (account, index) =>
    world.addRoutes(account, Math.floor(count / accounts.length) + (index < count % accounts.length ? 1 : 0)),
  );
  // neighbours in this list are of different gateways
  const most = Math.max(...perAccount.map((list) => list.length));
  return Array.from({ length: most }, (_, i) => perAccount.flatMap((list) => list[i] ?? [])).flat();
}

/** A rollout for each route that waits to be started; gives their ids in the order of `routes`. */
function createAll({ installation, world, plans }, name, routes, steps) {
  return inParallel(routes, AT_ONCE, async (route) => {
    const key = `${name} ${route.name}`;
    if (!plans.has(key)) plans.set(key, await world.addPlanOf(key, [route], { kind: 'explicit', steps }));
    const body = { projectId: world.project.id, planId: plans.get(key).id, startAt: null };
    const reply = await installation.rest.post('/rollouts', body);
    return (reply.rollout ?? reply).id;
  });
}
