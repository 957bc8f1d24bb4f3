// A whole cluster replaced by one rollout over a hundred routes, in an account that gives what AWS gives: some ten reads
// and three writes a second.
import { waitUntil } from '../../lib/processes.mjs';
import { say, step } from '../../lib/say.mjs';
import { callsSince, elbClient, setLimits, weightsOfRules } from '../aws.mjs';
import { LoadClient, untilAllAnswer } from '../load-client.mjs';
import { Rest } from '../rest.mjs';
import { runRollout } from '../run-rollout.mjs';
import { ProgressOfMany } from './progress.mjs';
import { setUp } from './setup.mjs';
import { SIDES } from './shop.mjs';

const HOLD_MS = 10_000;
/** Shorter ones would leave too few requests to tell shares by. */
const LEAST_HOLD_MS = 5_000;
const REQUESTS_PER_SECOND = 60;
/** AWS's rates, and what Sluice spends of them by default. */
const MODIFY = { perSecond: 3, burst: 20 };
const READ = { perSecond: 5, burst: 20 };
const STEPS = [
  { blue: 90, green: 10 },
  { blue: 50, green: 50 },
  { blue: 0, green: 100 },
];

/**
 * @param {{ access: object, sandbox: object, signal: AbortSignal, onAlb: (url: string) => void, speed?: number }} world
 *   `speed` multiplies AWS's rates, and what Sluice may spend of them, and shortens the holds
 * @returns as the other scenario: `{ ok, alb, project, rollout, steps, problems, load }`
 */
export async function clusterUpgrade({ access, sandbox, signal, onAlb, speed = 1 }) {
  const rest = new Rest(access, signal);
  let made;
  await step('preparing two clusters, three load balancers and a hundred routes', async () => {
    made = await setUp({ rest, access, sandbox, signal });
  });
  const { project, account, routes } = made;
  const targets = routes.map(({ url, host, name }) => ({ url, host, service: name }));
  const alb = routes[0].url;
  onAlb(alb);
  await realLimits(rest, { aws: access.aws, account, speed });
  const { plan } = await rest.post('/plans', {
    projectId: project.id,
    name: `${SIDES.blue} to ${SIDES.green}`,
    spec: planSpec(Math.max(LEAST_HOLD_MS, HOLD_MS / speed)),
  });
  await untilAllAnswer(targets);
  const load = new LoadClient(targets, { countedBy: 'cluster', perSecond: REQUESTS_PER_SECOND });
  const elb = await elbClient(access.aws);
  const startedMs = Date.now();
  try {
    const watcher = watcherOf({ rest, elb, load, ...made });
    const result = await runRollout({ rest, access, project, plan, load, services: SIDES, watcher, signal });
    await sayWhatAwsSaw(access.aws, startedMs);
    return { ...result, alb, project };
  } finally {
    elb.destroy();
  }
}

/** Weights are asked of AWS itself, as somebody at its console would: three calls of what it gives everybody. */
function watcherOf({ rest, elb, load, account, routes, listeners }) {
  const progress = new ProgressOfMany({ rest, account, load });
  const listenerArns = Object.values(listeners).map(({ arn }) => arn);
  return {
    everyMs: 1_000,
    liveWeights: async () => {
      const weights = await weightsOfRules(elb, listenerArns);
      return Object.fromEntries(routes.map(({ id, arn }) => [id, weights.get(arn) ?? []]));
    },
    show: (rollout) => progress.show(rollout),
  };
}

const planSpec = (holdMs) => ({
  routes: { kind: 'labels', labels: { app: 'shop' } },
  steps: {
    kind: 'explicit',
    steps: STEPS.map((shares) => ({ name: `${shares.green} % to the new cluster`, shares, holdMs })),
  },
  minHealthyTargets: 1,
  settleMs: 3_000,
  bakeMs: 600_000,
});

async function realLimits(rest, { aws, account, speed }) {
  const apiBudget = {
    modifyPerSecond: MODIFY.perSecond * speed,
    modifyBurst: MODIFY.burst,
    readPerSecond: READ.perSecond * speed,
    readBurst: READ.burst,
  };
  // records of earlier runs share the gateway, and the smallest figures of all hold
  for (const { id, awsAccountId, region } of await rest.all('/accounts'))
    if (awsAccountId === account.awsAccountId && region === account.region)
      await rest.patch(`/accounts/${id}`, { apiBudget });
  // the owner of the gateway hears of it with its next renewal; until then it would read as before
  await waitUntil('the budget of the upgrade', async () => {
    const { gateway } = await rest.get(`/accounts/${account.id}/gateway`);
    return gateway?.spending?.reads.allowedPerSecond === READ.perSecond * speed;
  });
  await setLimits(aws, { limits: 'real', speed });
  const faster = speed === 1 ? '' : `, ${speed} times as fast as AWS's`;
  say(
    `AWS's token buckets are on from here${faster}; Sluice may write ${MODIFY.perSecond * speed} and read ${READ.perSecond * speed} times a second`,
  );
}

async function sayWhatAwsSaw(aws, sinceMs) {
  const calls = await callsSince(aws, sinceMs);
  const count = (isOne) => calls.filter(isOne).length;
  say(
    `AWS's own record: ${count(({ action }) => action.startsWith('Modify'))} writes, ${count(({ action }) => action.startsWith('Describe'))} reads, ${count(({ throttled }) => throttled)} of them throttled`,
  );
}
