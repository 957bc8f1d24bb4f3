import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Engine, IdempotencyStore, ProveAccount } from '@sluice/control';
import { PinoLogger } from 'nestjs-pino';
import type { Config } from '../config.js';
import { Metrics } from '../health/metrics.js';
import { EngineJobs } from './engine-jobs.js';

/** An engine that only notes what it is asked; `hold` keeps a job from ending. */
class NotedEngine extends Engine {
  readonly asked: string[] = [];
  private held: (() => void)[] = [];
  holding = false;
  constructor() {
    super({} as ConstructorParameters<typeof Engine>[0]); // every method that would use its parts is replaced
  }
  override start = () => this.note('start');
  override stop = () => this.note('stop');
  override driftWatch = () => this.note('driftWatch');
  override agentLiveness = () => this.note('agentLiveness');
  override refreshBindings = () => this.note('refreshBindings');
  release(): void {
    this.holding = false;
    for (const go of this.held.splice(0)) go();
  }
  count(what: string): number {
    return this.asked.filter((each) => each === what).length;
  }
  private note(what: string): Promise<void> {
    this.asked.push(what);
    return this.holding ? new Promise((resolve) => this.held.push(resolve)) : Promise.resolve();
  }
}

class NoIdempotency extends IdempotencyStore {
  begin = () => Promise.resolve({ result: 'fresh' as const });
  finish = () => Promise.resolve();
  abandon = () => Promise.resolve();
  expire = () => Promise.resolve(0);
}

/** A database's time that is only counted. */
class NotedClock {
  syncs = 0;
  sync(): Promise<void> {
    this.syncs += 1;
    return Promise.resolve();
  }
}

/** Accounts of which one can't be proven. */
class NotedProof extends ProveAccount {
  tries = 0;
  constructor() {
    super({} as ConstructorParameters<typeof ProveAccount>[0]); // the method that would use its parts is replaced
  }
  override proveOpen = () => Promise.resolve([{ accountId: `acc_${(this.tries += 1)}`, code: 'AccessDenied' }]);
}

const config = { role: 'worker', driftWatchMs: 1_000, agentLivenessMs: 7_000 } as Config; // the only settings it reads

function jobsOf(engine: Engine, role: Config['role'] = 'worker') {
  const metrics = new Metrics();
  const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });
  const accounts = new NotedProof();
  const clock = new NotedClock();
  return {
    jobs: new EngineJobs(
      { ...config, role },
      engine,
      clock,
      new NoIdempotency(),
      new SchedulerRegistry(),
      metrics,
      logger,
      accounts,
    ),
    metrics,
    accounts,
    clock,
  };
}

describe('the periodic jobs', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('run at their times once the engine has started', async () => {
    const engine = new NotedEngine();
    const { jobs } = jobsOf(engine);
    await jobs.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(7_000);
    expect(['start', 'driftWatch', 'agentLiveness', 'refreshBindings'].map((what) => engine.count(what))).toEqual([
      1, 7, 1, 1,
    ]);
    await jobs.beforeApplicationShutdown();
  });

  it('never overlap themselves, however long one takes', async () => {
    const engine = new NotedEngine();
    const { jobs, metrics } = jobsOf(engine);
    await jobs.onApplicationBootstrap();
    engine.holding = true;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(engine.count('driftWatch')).toBe(1);
    expect((await metrics.jobsSkipped.get()).values.find((value) => value.labels.job === 'driftWatch')?.value).toBe(9);
    engine.release();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(engine.count('driftWatch')).toBe(2);
    await jobs.beforeApplicationShutdown();
  });

  it('at the end let the running one end, and hand the gateways over after it', async () => {
    const engine = new NotedEngine();
    const { jobs } = jobsOf(engine);
    await jobs.onApplicationBootstrap();
    engine.holding = true;
    await jest.advanceTimersByTimeAsync(1_000);
    const stopped = jobs.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(engine.count('stop')).toBe(0);
    engine.release();
    await stopped;
    expect(engine.asked.at(-1)).toBe('stop');
    expect(engine.count('driftWatch')).toBe(1);
  });

  it('take the time from the database before anything runs, and again twice a minute', async () => {
    const { jobs, clock } = jobsOf(new NotedEngine(), 'worker');
    await jobs.onApplicationBootstrap();
    expect(clock.syncs).toBe(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(clock.syncs).toBe(3);
    await jobs.beforeApplicationShutdown();
  });

  it('are not run by a replica that only answers requests', async () => {
    const engine = new NotedEngine();
    const { jobs } = jobsOf(engine, 'api');
    await jobs.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(10_000);
    await jobs.beforeApplicationShutdown();
    expect(engine.asked).toEqual([]);
  });

  it('try to prove the accounts that are not proven once a minute', async () => {
    const { jobs, accounts } = jobsOf(new NotedEngine());
    await jobs.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(accounts.tries).toBe(3);
    await jobs.beforeApplicationShutdown();
  });

  it('a failing one is told of and runs again', async () => {
    const engine = new NotedEngine();
    let failures = 0;
    engine.driftWatch = () => Promise.reject(new Error(`no database ${(failures += 1)}`));
    const { jobs } = jobsOf(engine);
    await jobs.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(failures).toBe(3);
    await jobs.beforeApplicationShutdown();
  });
});
