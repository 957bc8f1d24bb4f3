// One route whose new targets are ill, among many that are well.
import { isModify } from '../lib/calls.mjs';
import { exactly } from '../lib/report.mjs';
import { createRollout, follow } from '../lib/rollout.mjs';
import { ACCOUNT, withRoutes } from './prepared.mjs';
import { sleep } from '../../../tools/lib/processes.mjs';

/** Two health checks of ten seconds, and some. */
const UNTIL_ILL_MS = 25_000;

export function illRoute(report, count, pace) {
  const name = `1 ill of ${count}`;
  return withRoutes(count, pace, async ({ installation, rest, world, calls, routes }) => {
    const ill = routes[Math.floor(count / 2)];
    await installation.fault('targets.unhealthy', { targetGroup: ill.groups[1] });
    await sleep(UNTIL_ILL_MS);
    const plan = await world.addPlan('upgrade', routes, { steps: 1, holdMs: pace.holdMs });
    const { rollout } = await createRollout(rest, world.project, plan, { startAt: null });
    if (rollout === undefined) return report.figure(name, 'rollout created', 'refused', exactly('yes'));
    await installation.limits(pace.limits);
    const startMs = Date.now();
    await rest.post(`/rollouts/${rollout.id}:start`);
    const written = async () =>
      new Set((await calls.between(ACCOUNT, startMs)).filter(isModify).map((call) => call.subjects[0]));
    let reached = 0;
    const end = await follow(rest, rollout.id, {
      timeoutMs: (1500 * count) / pace.modify.perSecond + 45_000,
      look: async () => (reached = (await written()).size),
      until: () => reached >= count - 1,
    });
    const arns = await written();
    report.raw(name, { state: end.state, reason: end.reason, message: end.message, written: arns.size });
    report.figure(
      name,
      'healthy routes written',
      [...arns].filter((arn) => arn !== ill.arn).length,
      exactly(count - 1),
    );
    report.figure(name, 'writes to the ill route', arns.has(ill.arn) ? 1 : 0, exactly(0));
    const told = JSON.stringify([end.message, end.beside, end.routes]);
    report.figure(name, 'the ill route is named', told.includes(ill.name) || told.includes(ill.id), exactly(true));
  });
}
