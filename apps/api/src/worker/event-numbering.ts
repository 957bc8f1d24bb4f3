import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EventSealer, SealingRight, Signals, Timers } from '@sluice/control';
import { PinoLogger } from 'nestjs-pino';
import { CONFIG, type Config } from '../config.js';

/** Runs the sealer of events in a worker. It stops after the engine has, so that the engine's last events are numbered. */
@Injectable()
export class EventNumbering implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sealer: EventSealer;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SealingRight) right: SealingRight,
    @Inject(Signals) signals: Signals,
    @Inject(Timers) timers: Timers,
    @Inject(PinoLogger) logger: PinoLogger,
  ) {
    const warn = (message: string, { error }: Readonly<Record<string, unknown>>) =>
      logger.warn({ context: 'events', err: error }, message);
    this.sealer = new EventSealer({ right, signals, timers, log: { warn } });
  }

  onApplicationBootstrap(): void {
    if (this.config.role !== 'api') this.sealer.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sealer.stop();
  }
}
