import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Engine, IdempotencyStore, ProveAccount } from '@sluice/control';
import { PostgresClock } from '@sluice/postgres';
import { PinoLogger } from 'nestjs-pino';
import { CONFIG, type Config } from '../config.js';
import { Metrics } from '../health/metrics.js';

interface Job {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
}

/** The periodic work of a worker. A job never overlaps itself: a run that is still going makes the next one wait its turn. */
@Injectable()
export class EngineJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Engine) private readonly engine: Engine,
    @Inject(PostgresClock) private readonly clock: Pick<PostgresClock, 'sync'>,
    @Inject(IdempotencyStore) private readonly idempotency: IdempotencyStore,
    @Inject(SchedulerRegistry) private readonly scheduler: SchedulerRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(PinoLogger) private readonly logger: PinoLogger,
    @Inject(ProveAccount) private readonly accounts: ProveAccount,
  ) {
    this.logger.setContext('worker');
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.once({ name: 'syncClock', everyMs: 0, run: () => this.clock.sync() });
    if (this.config.role === 'api') return;
    await this.engine.start();
    for (const job of this.jobs())
      this.scheduler.addInterval(
        job.name,
        setInterval(() => this.start(job), job.everyMs),
      );
    this.logger.info({ role: this.config.role, leaseMs: this.config.leaseMs }, 'worker started');
  }

  /** No new run, the running ones end, then the gateways are handed over. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.config.role === 'api') return;
    for (const name of this.scheduler.getIntervals()) this.scheduler.deleteInterval(name);
    await Promise.all(this.running.values());
    await this.engine.stop();
    this.logger.info({ role: this.config.role }, 'worker stopped, gateways handed over');
  }

  private jobs(): Job[] {
    return [
      { name: 'syncClock', everyMs: 30_000, run: () => this.clock.sync() },
      { name: 'driftWatch', everyMs: this.config.driftWatchMs, run: () => this.engine.driftWatch() },
      { name: 'agentLiveness', everyMs: this.config.agentLivenessMs, run: () => this.engine.agentLiveness() },
      { name: 'refreshBindings', everyMs: this.config.agentLivenessMs, run: () => this.engine.refreshBindings() },
      { name: 'proveAccounts', everyMs: 60_000, run: () => this.proveAccounts() },
      { name: 'expireIdempotencyKeys', everyMs: 600_000, run: () => this.idempotency.expire() },
    ];
  }

  private async proveAccounts(): Promise<void> {
    for (const refused of await this.accounts.proveOpen())
      this.logger.warn(refused, 'the AWS number of an account is not proven: nothing of it is read or written');
  }

  private start(job: Job): void {
    if (this.running.has(job.name)) {
      this.metrics.jobsSkipped.inc({ job: job.name });
      return;
    }
    this.running.set(
      job.name,
      this.once(job).finally(() => this.running.delete(job.name)),
    );
  }

  private async once(job: Job): Promise<void> {
    const end = this.metrics.jobDuration.startTimer({ job: job.name });
    try {
      await job.run();
      end({ result: 'ok' });
    } catch (err) {
      end({ result: 'failed' });
      this.logger.warn({ err, job: job.name }, 'a periodic job failed; it runs again at its next time');
    }
  }
}
