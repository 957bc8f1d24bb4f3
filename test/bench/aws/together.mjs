// Two rollouts of half the routes each, holding together in one account.
import { isModify, isRead } from '../lib/calls.mjs';
import { atLeast, atMost, exactly } from '../lib/report.mjs';
import { createRollout, follow } from '../lib/rollout.mjs';
import { ACCOUNT, withRoutes } from './prepared.mjs';

export function together(report, count, pace) {
  const name = `2 × ${count / 2} routes`;
  return withRoutes(count, pace, async ({ installation, rest, world, calls, routes }) => {
    const halves = [routes.slice(0, count / 2), routes.slice(count / 2)];
    const plans = [];
    for (const [index, half] of halves.entries())
      plans.push(await world.addPlan(`half ${index + 1}`, half, { steps: 1, holdMs: pace.holdMs }));
    // both are created before AWS refuses anything: this is about holding
    const rollouts = [];
    for (const plan of plans)
      rollouts.push((await createRollout(rest, world.project, plan, { startAt: null })).rollout);
    if (rollouts.includes(undefined)) return report.figure(name, 'rollouts created', 'refused', exactly(2));
    await installation.limits(pace.limits);
    const startMs = Date.now();
    for (const { id } of rollouts) await rest.post(`/rollouts/${id}:start`);
    const timeoutMs = 2 * pace.holdMs + (1500 * count) / pace.modify.perSecond + 45_000;
    const ends = await Promise.all(rollouts.map(({ id }) => follow(rest, id, { timeoutMs, look: () => calls.read() })));
    const endMs = Date.now();
    const all = await calls.between(ACCOUNT, startMs);
    const lastWriteMs = Math.max(startMs, ...all.filter(isModify).map((call) => call.doneMs));
    const reads = all.filter((call) => isRead(call) && call.atMs > lastWriteMs && call.atMs < endMs).length;
    const heldSeconds = (endMs - lastWriteMs) / 1000;
    report.raw(name, { states: ends.map(({ state, reason }) => ({ state, reason })), heldSeconds, reads });
    report.figure(
      name,
      'rollouts that ended well',
      ends.filter(({ state }) => state === 'Succeeded').length,
      exactly(2),
    );
    report.figure(name, 'reads/s in hold', reads / heldSeconds, atMost(pace.readBudgetPerSecond * 1.05));
    const ended = ends.every(({ state }) => state === 'Succeeded');
    const served = ended ? Math.min(60, (60 * pace.holdMs) / (endMs - lastWriteMs)) : 0;
    report.figure(name, 'hold served of each 60 s', served, atLeast(50));
    report.figure(name, 'throttled replies', all.filter((call) => call.throttled).length, exactly(0));
  });
}
