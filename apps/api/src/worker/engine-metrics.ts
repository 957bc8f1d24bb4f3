import { Inject, Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '../health/metrics.js';

/** What the lanes spend at AWS. */
@Injectable()
export class EngineMetrics {
  private readonly requests: Counter<'op' | 'code'>;
  private readonly duration: Histogram<'op'>;

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
  }

  called({ op, code, durationMs }: { readonly op: string; readonly code: string; readonly durationMs: number }): void {
    this.requests.inc({ op, code });
    this.duration.observe({ op }, durationMs / 1000);
  }
}
