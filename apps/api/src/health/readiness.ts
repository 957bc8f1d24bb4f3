import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

/** One thing that must be well before traffic is sent here. Answers what is wrong, or null. */
export abstract class ReadinessProbe {
  abstract readonly name: string;
  abstract check(): Promise<string | null>;
}

export const READINESS_PROBES = Symbol('ReadinessProbes');

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** Whether this server should get requests: database reachable, migrations current, not stopping. */
@Injectable()
export class ReadinessChecks implements BeforeApplicationShutdown {
  private draining = false;
  private starting = false;
  constructor(@Inject(READINESS_PROBES) private readonly probes: readonly ReadinessProbe[]) {}

  async run(): Promise<Readiness> {
    const found = await Promise.all(this.probes.map(async (probe) => [probe.name, await this.ask(probe)] as const));
    const checks = Object.fromEntries([
      ...found.map(([name, wrong]) => [name, wrong ?? 'ok'] as const),
      ['draining', this.draining ? 'this server is stopping' : 'ok'] as const,
      ...(this.starting ? [['starting', 'this server is not done starting'] as const] : []),
    ]);
    return { ready: Object.values(checks).every((answer) => answer === 'ok'), checks };
  }

  /** Not ready until `start` has ended, though the server listens before that. */
  async afterwards(start: () => Promise<void>): Promise<void> {
    this.starting = true;
    await start();
    this.starting = false;
  }

  beforeApplicationShutdown(): void {
    this.draining = true;
  }

  private async ask(probe: ReadinessProbe): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('did not answer within 2 s'), 2_000);
    });
    try {
      return await Promise.race([probe.check(), late]);
    } catch {
      return 'cannot be reached';
    } finally {
      clearTimeout(timer);
    }
  }
}
