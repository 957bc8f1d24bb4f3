import { describe, it, expect } from '@jest/globals';
import { Conflict, servedHoldMs, type Weights } from '@sluice/domain';
import { awsRefuses, groupArn, ruleArn, ScriptedGateway, type ScriptedRequest } from '@sluice/testing';

const minute = 60_000;
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const red90: Weights = [
  { targetGroupArn: groupArn('black'), weight: 10 },
  { targetGroupArn: groupArn('red'), weight: 90 },
];

/** The most requests in any minute. */
function mostPerMinute(requests: readonly ScriptedRequest[]): number {
  return Math.max(
    0,
    ...requests.map(({ at }) => requests.filter((one) => one.at >= at && one.at < at + minute).length),
  );
}

/** The longest time between two looks at one target group, in ms. */
function longestGap(requests: readonly ScriptedRequest[], arn: string): number {
  const times = requests.filter((one) => one.arns.includes(arn)).map((one) => one.at);
  return Math.max(...times.slice(1).map((at, i) => at - times[i]!));
}

async function started(gateway: ScriptedGateway): Promise<ScriptedGateway> {
  await gateway.reader.start();
  return gateway;
}

function only(op: ScriptedRequest['op'], requests: readonly ScriptedRequest[]): readonly ScriptedRequest[] {
  return requests.filter((one) => one.op === op);
}

describe('what a gateway asks AWS', () => {
  it('for a hundred routes and two hundred raised groups: within its budget, each within its period', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: names('r', 100), raised: names('g', 200) });
    await started(gateway);
    await gateway.timers.advance(10 * minute);
    expect(mostPerMinute(gateway.requests)).toBeLessThanOrEqual(300);
    // (5 + 200 + 1.5) / (0.6 * 5/s)
    const periodMs = 68_834;
    for (const name of names('g', 200))
      expect(longestGap(gateway.requests, groupArn(name))).toBeLessThanOrEqual(periodMs + 200);
    for (const name of names('r', 100))
      expect(longestGap(only('rules', gateway.requests), ruleArn(name))).toBeLessThanOrEqual(periodMs + 200);
  });

  it('for routes at rest: their actions once a period, their tags every five minutes, and nothing else', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: names('r', 100) });
    await started(gateway);
    await gateway.timers.advance(1_000);
    gateway.requests.length = 0;
    await gateway.timers.advance(10 * minute);
    expect(only('rules', gateway.requests)).toHaveLength(20 * 5);
    expect(only('tags', gateway.requests)).toHaveLength(2 * 10);
    expect(gateway.requests).toHaveLength(120);
  });

  it('without routes: nothing at all', async () => {
    const gateway = await started(new ScriptedGateway());
    await gateway.timers.advance(10 * minute);
    expect(gateway.requests).toEqual([]);
    expect(gateway.facts.wantsAsked).toBeLessThanOrEqual(21);
  });

  it('during a hold of two rollouts of fifty routes: enough that the hold counts', async () => {
    const gateway = new ScriptedGateway();
    const raised = names('black', 100);
    gateway.want('acc_1', { rules: names('r', 100), raised, donors: names('red', 100) });
    await started(gateway);
    await gateway.timers.advance(2 * minute);
    const from = gateway.timers.now();
    await gateway.timers.advance(minute);
    expect(gateway.requests.filter((one) => one.at >= from).length).toBeLessThanOrEqual(300);
    const subjects = raised.map((name) => {
      const fact = gateway.facts.of('health', 'acc_1', groupArn(name));
      const watched = fact?.kind === 'health' ? fact.watched : undefined;
      return { watched, passes: (healthy: number) => healthy >= 1 };
    });
    const instant = (ms: number) => ms - gateway.sinceStart(0);
    expect(servedHoldMs(subjects, instant(from), instant(from + minute))).toBeGreaterThanOrEqual(50_000);
  });

  it('every request with a token of its own, also the further ones of one look', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: names('r', 400) });
    await started(gateway);
    await gateway.timers.advance(0);
    // the burst less the reserve; each look at tags takes two requests
    expect(gateway.requests).toHaveLength(15);
    await gateway.timers.advance(6_000);
    expect(only('tags', gateway.requests).length).toBeGreaterThan(20);
    expect(gateway.requests.length).toBeLessThanOrEqual(15 + 30);
  });

  it('donors every third period only', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'], donors: ['red'] });
    await started(gateway);
    await gateway.timers.advance(9 * minute);
    expect(gateway.requests.filter((one) => one.arns.includes(groupArn('black')))).toHaveLength(19);
    expect(gateway.requests.filter((one) => one.arns.includes(groupArn('red')))).toHaveLength(7);
  });

  it('what a rollout wants next, as soon as it is told', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['r'] });
    await started(gateway);
    await gateway.timers.advance(1_000);
    gateway.want('acc_1', { raised: ['black'] });
    gateway.reader.wantsChanged();
    gateway.reader.wantsChanged();
    await gateway.timers.advance(0);
    expect(only('health', gateway.requests)).toHaveLength(1);
    await gateway.timers.advance(minute);
    expect(gateway.facts.wantsAsked).toBeLessThanOrEqual(5);
  });
});

describe('what a gateway makes of it', () => {
  it('news are stored at once, what is as it was with others', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['r'] });
    await started(gateway);
    await gateway.timers.advance(minute + 6_000);
    gateway.facts.records.length = 0;
    gateway.weights.set(ruleArn('r'), red90);
    await gateway.timers.advance(minute);
    expect(gateway.facts.records.map((one) => one.changed.length)).toEqual([1, 0]);
    expect(gateway.facts.of('action', 'acc_1', ruleArn('r'))?.watched.runs).toHaveLength(2);
  });

  it('a new owner goes on where the old one stopped', async () => {
    const first = new ScriptedGateway();
    first.want('acc_1', { rules: ['r'], raised: ['black'] });
    await started(first);
    await first.timers.advance(10_000);
    await first.reader.stop();
    const next = new ScriptedGateway();
    next.facts.wanted = first.facts.wanted;
    for (const [key, fact] of first.facts.stored) next.facts.stored.set(key, fact);
    await next.timers.advance(20_000);
    await started(next);
    await next.timers.advance(9_000);
    expect(next.requests).toEqual([]);
    await next.timers.advance(1_000);
    expect(next.requests.map((one) => one.op).sort()).toEqual(['health', 'rules']);
    await next.timers.advance(500);
    expect(next.facts.of('action', 'acc_1', ruleArn('r'))?.watched.runs).toHaveLength(1);
  });

  it('what was read when a route was registered is known at once, and not asked again', async () => {
    const other = new ScriptedGateway();
    other.want('acc_1', { rules: ['new'] });
    await started(other);
    await other.timers.advance(10_000);
    await other.reader.stop();
    const gateway = new ScriptedGateway();
    await started(gateway);
    await gateway.timers.advance(10_000);
    for (const [key, fact] of other.facts.stored) gateway.facts.stored.set(key, fact);
    gateway.want('acc_1', { rules: ['new'] });
    gateway.reader.wantsChanged();
    await gateway.timers.advance(0);
    expect(gateway.reader.ownerOf('acc_1', ruleArn('new'))).toEqual({ kind: 'unowned' });
    await gateway.timers.advance(15_000);
    expect(gateway.requests).toEqual([]);
  });

  it('a route that is gone is a fact, is asked alone from then on, and comes back by itself', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['gone', 'there'] });
    gateway.failing.set(ruleArn('gone'), awsRefuses('RuleNotFound'));
    await started(gateway);
    await gateway.timers.advance(minute);
    expect(gateway.facts.of('action', 'acc_1', ruleArn('gone'))?.watched.fact).toMatchObject({
      ok: false,
      transient: false,
      code: 'RuleNotFound',
    });
    expect(only('rules', gateway.requests).map((one) => one.arns.length)).toEqual([2, 1, 1, 1, 1]);
    gateway.failing.clear();
    await gateway.timers.advance(minute);
    expect(gateway.facts.of('action', 'acc_1', ruleArn('gone'))?.watched.fact.ok).toBe(true);
  });

  it('what failed for a moment is asked again soon', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'] });
    gateway.failing.set(groupArn('black'), awsRefuses('ServiceUnavailable', { transient: true }));
    await started(gateway);
    await gateway.timers.advance(3_000);
    expect(gateway.requests.map((one) => one.at)).toEqual([0, 1_000, 3_000]);
    expect(gateway.facts.of('health', 'acc_1', groupArn('black'))?.watched.fact).toMatchObject({
      ok: false,
      transient: true,
    });
  });

  it('a throttle slows us down, and hides nothing that was just seen', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'] });
    await started(gateway);
    await gateway.timers.advance(1_000);
    gateway.failing.set('acc_1', awsRefuses('Throttling', { throttled: true }));
    await gateway.timers.advance(29_000);
    expect(gateway.budget.readsPerSecond).toBe(2.5);
    await gateway.timers.advance(20_000);
    gateway.failing.clear();
    expect(gateway.facts.of('health', 'acc_1', groupArn('black'))?.watched.fact.ok).toBe(true);
    await gateway.timers.advance(2 * minute);
    expect(gateway.facts.of('health', 'acc_1', groupArn('black'))?.watched.runs).toHaveLength(1);
  });

  it('throttled for two periods, nobody can say any more', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'] });
    await started(gateway);
    await gateway.timers.advance(1_000);
    gateway.failing.set('acc_1', awsRefuses('Throttling', { throttled: true }));
    await gateway.timers.advance(2 * minute);
    expect(gateway.facts.of('health', 'acc_1', groupArn('black'))?.watched.fact).toMatchObject({ code: 'Throttling' });
  });

  it('a look that shows what stood before our verified write lags, and is no news', async () => {
    const gateway = new ScriptedGateway();
    const before: Weights = [{ targetGroupArn: groupArn('red'), weight: 100 }];
    gateway.want('acc_1', { rules: ['r'] });
    await started(gateway);
    gateway.weights.set(ruleArn('r'), red90);
    await gateway.timers.advance(31_000);
    gateway.reader.wrote('acc_1', ruleArn('r'), { before, after: red90, atMs: gateway.timers.now() }, null);
    gateway.weights.delete(ruleArn('r'));
    await gateway.timers.advance(59_000);
    const shown = () => gateway.facts.of('action', 'acc_1', ruleArn('r'))?.watched.runs.at(-1)?.mark;
    expect(shown()).toEqual(red90);
    await gateway.timers.advance(10_000);
    expect(shown()).toEqual(before);
  });

  it('what stood before our write is news once a newer write of ours has gone out: it may have made it', async () => {
    const gateway = new ScriptedGateway();
    const before: Weights = [{ targetGroupArn: groupArn('red'), weight: 100 }];
    gateway.want('acc_1', { rules: ['r'] });
    await started(gateway);
    gateway.weights.set(ruleArn('r'), red90);
    await gateway.timers.advance(31_000);
    gateway.reader.wrote('acc_1', ruleArn('r'), { before, after: red90, atMs: gateway.timers.now() }, null);
    gateway.reader.sending('acc_1', ruleArn('r'));
    gateway.weights.delete(ruleArn('r'));
    await gateway.timers.advance(31_000);
    expect(gateway.facts.of('action', 'acc_1', ruleArn('r'))?.watched.runs.at(-1)?.mark).toEqual(before);
  });
});

describe('an account record that nobody gets in through', () => {
  const twoRecords = (readPerSecond = 5, rules = 100): ScriptedGateway => {
    const gateway = new ScriptedGateway({ budget: { readPerSecond } });
    gateway.want('acc_bad', { rules: names('bad', rules), raised: names('worse', 100) });
    gateway.want('acc_good', { rules: ['good'], raised: ['fine'] });
    return gateway;
  };

  it('tells every subject of its why, costs no request, and slows no other record of the gateway', async () => {
    // one read in two seconds: each part of the other record would stretch the period
    const gateway = twoRecords(0.5, 300);
    gateway.unreachable.set('acc_bad', new Conflict('CredentialsUnreadable', 'the credentials cannot be unsealed'));
    await started(gateway);
    await gateway.timers.advance(10 * minute);
    const bad = [...gateway.facts.stored.values()].filter((one) => one.accountId === 'acc_bad');
    expect(bad).toHaveLength(700);
    for (const { watched } of bad)
      expect(watched.fact).toMatchObject({ ok: false, transient: false, code: 'CredentialsUnreadable' });
    expect(gateway.requests.filter((one) => one.accountId === 'acc_bad')).toEqual([]);
    // AWS's own interval, as if the other record weren't there
    expect(longestGap(gateway.requests, groupArn('fine'))).toBe(30_000);
    expect(gateway.budget.readsPerSecond).toBe(0.5);
  });

  it('is asked again with growing pauses of at most a minute when its role is refused, and goes on once it lets us in', async () => {
    const gateway = twoRecords();
    gateway.failing.set('acc_bad', awsRefuses('AccessDenied'));
    await started(gateway);
    await gateway.timers.advance(10 * minute);
    const asked = only('health', gateway.requests).filter((one) => one.accountId === 'acc_bad');
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(asked.at(-1)!.at).toBeGreaterThan(8 * minute);
    expect(longestGap(gateway.requests, groupArn('fine'))).toBeLessThanOrEqual(31_000);
    gateway.failing.clear();
    await gateway.timers.advance(2 * minute);
    const bad = [...gateway.facts.stored.values()].filter((one) => one.accountId === 'acc_bad');
    expect(bad.filter(({ watched }) => watched.fact.ok)).toHaveLength(300);
    expect(gateway.logged.filter((one) => one.includes('lets us in again'))).toHaveLength(1);
  });

  it('that hangs holds up nobody else', async () => {
    const gateway = twoRecords();
    gateway.latencyMs.set('acc_bad', 10_000);
    await started(gateway);
    await gateway.timers.advance(10 * minute);
    // the period counts the record that hangs: 100 + 1 groups, 5 + 1 requests for rules, tags
    expect(longestGap(gateway.requests, groupArn('fine'))).toBeLessThanOrEqual(37_000);
  });
});

describe("the reads of a lane's sends", () => {
  const route = (name: string) => ({ arn: ruleArn(name), isDefault: false, listenerArn: 'listener' });

  it('share one request when they ask together, and what it shows is a look', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['a', 'b'] });
    await started(gateway);
    await gateway.timers.advance(10_000);
    gateway.requests.length = 0;
    const now = gateway.timers.now();
    const [one, other] = await Promise.all([
      gateway.reader.readForSend('acc_1', [route('a')], now, 'send'),
      gateway.reader.readForSend('acc_1', [route('a'), route('b')], now, 'send'),
    ]);
    expect(gateway.requests.map((each) => each.arns)).toEqual([[ruleArn('a'), ruleArn('b')]]);
    expect(one.get(ruleArn('a'))).toMatchObject({ at: now, action: { routeArn: ruleArn('a') } });
    expect([...other.keys()]).toEqual([ruleArn('a'), ruleArn('b')]);
    await gateway.timers.advance(29_000);
    expect(gateway.requests).toHaveLength(1);
    expect(gateway.sinceStart(gateway.facts.of('action', 'acc_1', ruleArn('b'))!.watched.fact.at)).toBe(10_000);
  });

  it('are served by a look that began late enough, and by no older one', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['a'] });
    await started(gateway);
    await gateway.timers.advance(500);
    const asked = () => only('rules', gateway.requests).length;
    await gateway.reader.readForSend('acc_1', [route('a')], 0, 'send');
    expect(asked()).toBe(1);
    await gateway.reader.readForSend('acc_1', [route('a')], 1, 'send');
    expect(asked()).toBe(2);
  });

  it('join a request under way that began late enough', async () => {
    const gateway = new ScriptedGateway();
    gateway.latencyMs.set('acc_1', 1_000);
    const first = gateway.reader.readForSend('acc_1', [route('a')], 0, 'send');
    await gateway.timers.advance(500);
    const late = gateway.reader.readForSend('acc_1', [route('a')], 400, 'send');
    const early = gateway.reader.readForSend('acc_1', [route('a')], 0, 'send');
    await gateway.timers.advance(2_000);
    const ats = (await Promise.all([first, late, early])).map((one) => one.get(ruleArn('a')));
    expect(ats).toMatchObject([{ at: 0 }, { at: 500 }, { at: 0 }]);
    expect(gateway.requests).toHaveLength(2);
  });

  it('of an emergency wait behind nobody, though the budget is spent and the same is asked for already', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: names('g', 100) });
    await started(gateway);
    await gateway.timers.advance(0);
    const slow = gateway.reader.readForSend('acc_1', [route('a')], 0, 'send');
    await gateway.timers.advance(0);
    const urgent = await gateway.reader.readForSend('acc_1', [route('a')], 0, 'emergency');
    expect(urgent.get(ruleArn('a'))).toMatchObject({ at: 0 });
    await gateway.timers.advance(1_000);
    await slow;
  });

  it('say why a route could not be read', async () => {
    const gateway = new ScriptedGateway();
    gateway.failing.set(ruleArn('a'), awsRefuses('RuleNotFound'));
    const read = await gateway.reader.readForSend('acc_1', [route('a')], 0, 'send');
    expect(read.get(ruleArn('a'))).toMatchObject({ failure: { code: 'RuleNotFound' } });
  });

  it('tell health as it is now, or why not', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'] });
    await started(gateway);
    await gateway.timers.advance(100);
    gateway.healthy.set(groupArn('black'), 0);
    expect(await gateway.reader.healthNow('acc_1', groupArn('black'), 'emergency')).toMatchObject({
      ok: true,
      value: { healthy: 0 },
    });
    gateway.failing.set(groupArn('black'), awsRefuses('TargetGroupNotFound'));
    await gateway.timers.advance(1);
    expect(await gateway.reader.healthNow('acc_1', groupArn('black'), 'send')).toMatchObject({
      ok: false,
      code: 'TargetGroupNotFound',
    });
    await gateway.timers.advance(0);
    expect(gateway.facts.of('health', 'acc_1', groupArn('black'))?.watched.runs).toHaveLength(3);
  });
});

describe('a reader that ends', () => {
  it('leaves no timer and stores what it saw', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['r'], raised: names('g', 100) });
    await started(gateway);
    await gateway.timers.advance(30_100);
    await gateway.reader.stop();
    expect(gateway.timers.nextInMs).toBeNull();
    const asked = new Set(only('health', gateway.requests).flatMap((one) => one.arns));
    for (const arn of asked) expect(gateway.facts.of('health', 'acc_1', arn)).toBeDefined();
    await expect(gateway.reader.healthNow('acc_1', groupArn('g0'), 'send')).rejects.toThrow('no longer reads');
  });

  it('stops by itself when another replica owns the gateway', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['r'] });
    gateway.facts.isFenced = true;
    await started(gateway);
    await gateway.timers.advance(minute);
    expect(gateway.lost).toBe(1);
    expect(gateway.timers.nextInMs).toBeNull();
    expect(only('rules', gateway.requests)).toHaveLength(1);
  });

  it('outlives an outage of the database: looks are kept, and what they changed is told afterwards', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { rules: ['r'] });
    await started(gateway);
    await gateway.timers.advance(1_000);
    gateway.facts.outage = new Error('connection refused');
    gateway.weights.set(ruleArn('r'), red90);
    await gateway.timers.advance(2 * minute);
    gateway.facts.outage = null;
    gateway.facts.records.length = 0;
    await gateway.timers.advance(1_000);
    expect(gateway.facts.records.flatMap((one) => one.changed)).toHaveLength(1);
    expect(gateway.facts.of('action', 'acc_1', ruleArn('r'))?.watched.runs).toHaveLength(2);
    expect(gateway.logged).toHaveLength(2);
  });

  it('tries again, without a word to AWS or in the facts, what our own side kept it from asking', async () => {
    const gateway = new ScriptedGateway();
    gateway.want('acc_1', { raised: ['black'] });
    gateway.unreachable.set('acc_1', new Error('connection refused'));
    await started(gateway);
    await gateway.timers.advance(10_000);
    expect([gateway.requests, gateway.facts.records]).toEqual([[], []]);
    expect(gateway.logged).toEqual(['looks cannot be made; they are tried again']);
    await expect(gateway.reader.healthNow('acc_1', groupArn('black'), 'send')).rejects.toThrow('connection refused');
    gateway.unreachable.clear();
    await gateway.timers.advance(1_000);
    expect(only('health', gateway.requests)).toHaveLength(1);
  });
});
