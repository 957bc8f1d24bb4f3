import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blueGreen, upgradePlan } from './testing/world.js';
import { startTestService, type TestService } from './testing/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ role: 'all' });
});
afterAll(() => service.close());

describe('the whole service', () => {
  it('moves all traffic from red to black when a rollout is created', async () => {
    const world = await blueGreen(service);
    const { plan } = await upgradePlan(service.admin, world);
    const rollout = await service.admin.rollouts.create({ projectId: world.project.id, planId: plan.id });
    const end = await untilState(rollout.id, 'Succeeded');
    expect(end.stepIndex).toBe(1);
    expect(
      (await service.admin.routes.live(world.route.id)).shares
        .map((share) => [share.backend?.name, share.permille])
        .sort(),
    ).toEqual([
      ['black', 1000],
      ['red', 0],
    ]);
  }, 30_000);
});

/** Follows the events until the rollout is in this state. */
async function untilState(id: string, state: string) {
  const stop = AbortSignal.timeout(20_000);
  for await (const event of service.admin.events({ after: '0', signal: stop })) {
    if (!event.subject.endsWith(id)) continue;
    const rollout = await service.admin.rollouts.get(id);
    if (rollout.state === state) return rollout;
  }
  throw new Error(
    `rollout ${id} did not become ${state} in 20 s: ${JSON.stringify(await service.admin.rollouts.get(id))}`,
  );
}
