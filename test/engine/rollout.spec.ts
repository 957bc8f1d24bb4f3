import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EngineWorld, black, eventually, operator, quickPlan, red, targetGroup, weights } from './harness.js';

describe('a rollout on Postgres, with one replica', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });
  const state = (id: string, wanted: string) =>
    eventually(`rollout in ${wanted}`, async () => {
      const view = await world.rollouts.get(operator, id);
      if (view.state === 'Blocked' && wanted !== 'Blocked') throw new Error(`blocked: ${view.reason} ${view.message}`);
      return view.state === wanted && view;
    });

  it('goes through every step in order, holding each, and ends with all weight on black', async () => {
    await world.replica('a');
    const id = await world.startRollout();
    const done = await state(id, 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
    expect(world.loadBalancer.writes.map((write) => write.after)).toEqual([
      weights(90, 10),
      weights(50, 50),
      weights(0, 100),
    ]);
    expect(done.allowedVerbs).toEqual(['rollback']);
    const { decisions, intents, points } = await world.rollouts.timeline(operator, id);
    expect(decisions.filter((one) => one.kind === 'shift').map((one) => [one.stepIndex, one.state])).toEqual([
      [0, 'applied'],
      [1, 'applied'],
      [2, 'applied'],
    ]);
    const [first, second] = intents;
    expect(Date.parse(second!.sentAt!) - Date.parse(first!.settledAt!)).toBeGreaterThanOrEqual(100);
    expect(points.filter((point) => point.kind === 'verified')).toHaveLength(3);
  });

  it('waits for healthy targets before it raises a share, and goes on when they come', async () => {
    world.loadBalancer.setHealth(black, { initial: 2 });
    await world.replica('a');
    const id = await world.startRollout();
    const waiting = await eventually('the wait for targets', async () => {
      const view = await world.rollouts.get(operator, id);
      return view.reason === 'WaitingForHealthyTargets' && view;
    });
    expect(waiting.message).toContain('green-2026 has 0 of 2 targets healthy');
    expect(world.loadBalancer.writes).toEqual([]);
    world.loadBalancer.setHealth(black, { healthy: 2 });
    await state(id, 'Succeeded');
  });

  it('blocks when health is lost during a hold, and rolls back by one verb', async () => {
    await world.replica('a');
    const id = await world.startRollout(
      quickPlan('rte_1', {
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 50, black: 50 }, holdMs: 60_000 },
            { shares: { red: 0, black: 100 }, holdMs: 0 },
          ],
        },
      }),
    );
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    world.loadBalancer.setHealth(black, { unhealthy: 2 });
    const blocked = await state(id, 'Blocked');
    expect(blocked.reason).toBe('HealthLost');
    await world.rollouts.verb(operator, id, 'rollback', { reason: 'black is sick' });
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('blocks on weights that somebody else changed; reassert brings its own back, adopt takes theirs', async () => {
    await world.replica('a');
    const holding = quickPlan('rte_1', {
      steps: {
        kind: 'explicit',
        steps: [
          { shares: { red: 50, black: 50 }, holdMs: 60_000 },
          { shares: { red: 0, black: 100 }, holdMs: 0 },
        ],
      },
    });
    const id = await world.startRollout(holding);
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(70, 30) });
    const blocked = await state(id, 'Blocked');
    expect(blocked.reason).toBe('LiveWeightsDiffer');
    expect(blocked.diffs[0]).toMatchObject({
      intended: weights(50, 50),
      lastWritten: weights(50, 50),
      live: weights(70, 30),
    });
    await world.rollouts.verb(operator, id, 'reassert');
    await eventually(
      'the step held again',
      async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding',
    );
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(50, 50));
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(60, 40) });
    await state(id, 'Blocked');
    await world.rollouts.verb(operator, id, 'adopt');
    await eventually(
      'the adopted step held',
      async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding',
    );
    await world.rollouts.verb(operator, id, 'advance');
    await state(id, 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
  });

  it('takes a reply that never came for done when a read finds the weights live, without a second write', async () => {
    world.loadBalancer.faults.dropReply = 1;
    await world.replica('a');
    const id = await world.startRollout();
    await state(id, 'Succeeded');
    expect(world.loadBalancer.writes.map((write) => write.outcome)).toEqual(['dropped', 'applied', 'applied']);
    const { decisions } = await world.rollouts.timeline(operator, id);
    expect(decisions.filter((one) => one.kind === 'shift').every((one) => one.state === 'applied')).toBe(true);
  });

  it('sends a throttled or failed write again until it is through', async () => {
    world.loadBalancer.faults.failBefore = 1;
    await world.replica('a');
    const id = await world.startRollout();
    await eventually('first write', async () => world.loadBalancer.writes.length > 0);
    world.loadBalancer.faults.throttle = 3;
    await state(id, 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(0, 100));
  });

  it('sends nothing after an abort, and leaves the weights as they are', async () => {
    const id = await world.startRollout();
    const release = world.loadBalancer.faults.holdWrites();
    await world.replica('a');
    await eventually('a write in flight', async () =>
      (await world.rollouts.timeline(operator, id)).intents.some((intent) => intent.state === 'sent'),
    );
    await world.rollouts.verb(operator, id, 'abort');
    release();
    await eventually('the write settled', async () =>
      (await world.rollouts.timeline(operator, id)).intents.every(
        (intent) => intent.state !== 'sent' && intent.state !== 'pending',
      ),
    );
    expect((await world.rollouts.get(operator, id)).state).toBe('Aborted');
    expect(world.loadBalancer.writes).toHaveLength(1);
    expect((await world.pool.query(`SELECT expected FROM routes`)).rows[0].expected).toEqual(
      world.loadBalancer.weightsOf(world.routeArn),
    );
  });

  it('rolls back a rollout whose write is in flight only after that write has ended', async () => {
    const id = await world.startRollout();
    const release = world.loadBalancer.faults.holdWrites();
    await world.replica('a');
    await eventually('a write in flight', async () =>
      (await world.rollouts.timeline(operator, id)).intents.some((intent) => intent.state === 'sent'),
    );
    await world.rollouts.verb(operator, id, 'rollback');
    release();
    await state(id, 'RolledBack');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('ends a write that had no effect when a rollback came while it was in flight, and goes back by a write of its own', async () => {
    const id = await world.startRollout();
    const release = world.loadBalancer.faults.holdWrites();
    world.loadBalancer.faults.failBefore = 1;
    await world.replica('a');
    await eventually('a write in flight', async () =>
      (await world.rollouts.timeline(operator, id)).intents.some((intent) => intent.state === 'sent'),
    );
    await world.rollouts.verb(operator, id, 'rollback');
    release();
    await state(id, 'RolledBack');
    const { intents } = await world.rollouts.timeline(operator, id);
    // a write of ours was sent there: only a verified write proves that the route is back
    expect(intents.map((intent) => intent.state)).toEqual(['superseded', 'applied']);
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual(weights(100, 0));
  });

  it('moves two routes together; a write that AWS refuses blocks both until a person resumes', async () => {
    const other = await world.addRoute('rte_2');
    const spec = { ...quickPlan('rte_1'), routes: { kind: 'ids', ids: ['rte_1', 'rte_2'] } as const };
    const id = await world.startRollout(spec);
    const release = world.loadBalancer.faults.holdWrites();
    await world.replica('a', { settings: { concurrency: 1 } });
    await eventually('a write in flight', async () =>
      (await world.rollouts.timeline(operator, id)).intents.some((intent) => intent.state === 'sent'),
    );
    const writes = async () =>
      (await world.rollouts.get(operator, id)).routes.map((route) => route.write?.state ?? null);
    expect(await writes()).toEqual(expect.arrayContaining(['sent', 'pending']));
    world.loadBalancer.faults.outage = { code: 'AccessDenied', kind: 'terminal' };
    release();
    const blocked = await state(id, 'Blocked');
    expect(blocked.message).toContain('AccessDenied');
    expect(await writes()).toEqual(expect.arrayContaining(['failed']));
    world.loadBalancer.faults.outage = null;
    await world.rollouts.verb(operator, id, 'resume');
    await state(id, 'Succeeded');
    expect(await writes()).toEqual([null, null]);
    expect([world.routeArn, other].map((arn) => world.loadBalancer.weightsOf(arn).map((one) => one.weight))).toEqual([
      [100, 0],
      [100, 0],
    ]);
    const { intents } = await world.rollouts.timeline(operator, id);
    expect(intents.filter((intent) => intent.state === 'pending' || intent.state === 'sent')).toEqual([]);
  });

  it('stops at a target group that somebody put in, and keeps its share once a person pinned it and adopted', async () => {
    await world.replica('a');
    const id = await world.startRollout(
      quickPlan('rte_1', {
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 50, black: 50 }, holdMs: 60_000 },
            { shares: { red: 0, black: 100 }, holdMs: 0 },
          ],
        },
      }),
    );
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    const guest = targetGroup('guest');
    world.loadBalancer.world.putTargetGroup(
      { name: 'guest', protocol: 'HTTP', port: 80, targetType: 'ip', vpcId: 'vpc-00000001', healthCheck: {}, tags: {} },
      guest,
    );
    world.loadBalancer.editByConsole(world.routeArn, {
      weights: [
        { targetGroupArn: black, weight: 40 },
        { targetGroupArn: guest, weight: 20 },
        { targetGroupArn: red, weight: 40 },
      ],
    });
    expect((await state(id, 'Blocked')).reason).toBe('ForeignTargetGroup');
    await world.pool.query(`UPDATE routes SET pinned = $1`, [JSON.stringify([guest])]);
    await world.rollouts.verb(operator, id, 'adopt');
    await world.rollouts.verb(operator, id, 'advance');
    await state(id, 'Succeeded');
    expect(world.loadBalancer.weightsOf(world.routeArn)).toEqual([
      { targetGroupArn: black, weight: 80 },
      { targetGroupArn: guest, weight: 20 },
      { targetGroupArn: red, weight: 0 },
    ]);
  });

  it('holds a step that changes nothing like any other, and shows it as verified', async () => {
    await world.replica('a');
    const steps = [
      { shares: { red: 100, black: 0 }, holdMs: 100 },
      { shares: { red: 0, black: 100 }, holdMs: 100 },
    ];
    const id = await world.startRollout(quickPlan('rte_1', { steps: { kind: 'explicit', steps } }));
    await state(id, 'Succeeded');
    const { points } = await world.rollouts.timeline(operator, id);
    const verified = points.filter((point) => point.kind === 'verified');
    expect(verified.map((point) => [point.stepIndex, point.weights])).toEqual([
      [0, weights(100, 0)],
      [1, weights(0, 100)],
    ]);
    expect(Date.parse(verified[1]!.at) - Date.parse(verified[0]!.at)).toBeGreaterThanOrEqual(100);
  });

  it('stops nobody for one bad reading of health', async () => {
    await world.replica('a');
    const steps = [{ shares: { red: 50, black: 50 }, holdMs: 3_000 }];
    const id = await world.startRollout(quickPlan('rte_1', { steps: { kind: 'explicit', steps } }));
    await eventually('the hold', async () => (await world.rollouts.get(operator, id)).reason === 'StepIsHolding');
    const truth = world.loadBalancer.targetHealth.bind(world.loadBalancer);
    let lies = 0;
    world.loadBalancer.targetHealth = async (access, arn, options) => {
      const health = await truth(access, arn, options);
      if (arn !== black || lies > 0) return health;
      lies += 1;
      return { ...health, healthy: 0, unhealthy: health.total };
    };
    await state(id, 'Succeeded');
    expect(lies).toBe(1);
  });

  it('forgets an advance when it has to stop: after the resume the hold is served', async () => {
    await world.replica('a');
    const steps = [
      { shares: { red: 50, black: 50 }, holdMs: 60_000 },
      { shares: { red: 0, black: 100 }, holdMs: 0 },
    ];
    const id = await world.startRollout(quickPlan('rte_1', { settleMs: 30_000, steps: { kind: 'explicit', steps } }));
    const says = (reason: string) =>
      eventually(reason, async () => (await world.rollouts.get(operator, id)).reason === reason, 15_000);
    await says('StepIsHolding');
    await world.rollouts.verb(operator, id, 'advance');
    await says('SettleTime');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(60, 40) });
    await state(id, 'Blocked');
    world.loadBalancer.editByConsole(world.routeArn, { weights: weights(50, 50) });
    await world.rollouts.verb(operator, id, 'resume');
    await says('StepIsHolding');
    await world.rollouts.verb(operator, id, 'advance');
    await world.rollouts.verb(operator, id, 'pause');
    await world.rollouts.verb(operator, id, 'resume');
    await says('StepIsHolding');
    expect((await world.rollouts.get(operator, id)).advanceRequestedBy).toBeNull();
  });

  it('waits for its start time by the clock of Postgres', async () => {
    await world.replica('a');
    const planId = await world.plan();
    const startAt = new Date(Date.now() + 700).toISOString();
    const { id } = await world.rollouts.create(operator, { projectId: 'prj_1', planId, startAt });
    const done = await state(id, 'Succeeded');
    expect(Date.parse(done.startedAt!)).toBeGreaterThanOrEqual(Date.parse(startAt));
  });

  it('lets one rollout at a time move a route', async () => {
    const id = await world.startRollout(
      quickPlan('rte_1', { steps: { kind: 'explicit', steps: [{ shares: { red: 50, black: 50 }, holdMs: 60_000 }] } }),
    );
    await expect(world.startRollout()).rejects.toMatchObject({ reason: 'RouteIsBusy' });
    await world.rollouts.verb(operator, id, 'abort').catch(() => undefined);
  });

  it('says which verbs a state allows when it refuses one', async () => {
    const planId = await world.plan();
    const { id } = await world.rollouts.create(operator, { projectId: 'prj_1', planId, startAt: null });
    await expect(world.rollouts.verb(operator, id, 'advance')).rejects.toMatchObject({
      reason: 'VerbNotAllowed',
      facts: { allowed: ['start', 'cancel'] },
    });
    await world.rollouts.verb(operator, id, 'cancel');
    expect((await world.rollouts.get(operator, id)).state).toBe('Cancelled');
  });

  it('sets one-off weights only where the caller knows what is live', async () => {
    await world.replica('a');
    await expect(
      world.oneOff.set(operator, 'rte_1', { shares: { red: 80, black: 20 }, expected: weights(50, 50), reason: 'try' }),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await world.oneOff.set(operator, 'rte_1', {
      shares: { red: 80, black: 20 },
      expected: weights(100, 0),
      reason: 'try',
    });
    await eventually(
      'the write',
      async () => world.loadBalancer.weightsOf(world.routeArn).find((one) => one.targetGroupArn === red)?.weight === 80,
    );
  });
});
