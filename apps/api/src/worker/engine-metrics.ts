import { Inject, Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '../health/metrics.js';

/** What the lanes of this replica do: calls to AWS, and how intents end. */
@Injectable()
export class EngineMetrics {
  private readonly requests: Counter<'op' | 'code'>;
  private readonly duration: Histogram<'op'>;
  private readonly intents: Counter<'result'>;

  constructor(@Inject(Metrics) metrics: Metrics) {
    const registers = [metrics.registry];
    this.requests = new Counter({
      name: 'sluice_elb_requests_total',
      help: "Calls of the lanes to ELBv2, by AWS's code.",
      labelNames: ['op', 'code'],
      registers,
    });
    this.duration = new Histogram({
      name: 'sluice_elb_request_duration_seconds',
      help: 'How long they took.',
      labelNames: ['op'],
      buckets: [0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.intents = new Counter({
      name: 'sluice_intents_settled_total',
      help: 'Writes to a route that have ended, by result.',
      labelNames: ['result'],
      registers,
    });
    for (const result of ['applied', 'failed', 'superseded'] as const) this.intents.inc({ result }, 0);
  }

  settled(result: 'applied' | 'failed' | 'superseded'): void {
    this.intents.inc({ result });
  }

  called({ op, code, durationMs }: { readonly op: string; readonly code: string; readonly durationMs: number }): void {
    this.requests.inc({ op, code });
    this.duration.observe({ op }, durationMs / 1000);
  }
}
