import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Prometheus metrics of one server, in a registry of its own. Labels are bounded: never an id, a name or a URL. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  readonly httpDuration = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'HTTP requests by route pattern, method and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    registers: [this.registry],
  });
  readonly eventStreams = new Gauge({
    name: 'sluice_event_streams',
    help: 'Event streams open now.',
    registers: [this.registry],
  });
  readonly jobDuration = new Histogram({
    name: 'sluice_job_duration_seconds',
    help: 'Periodic jobs of the engine, by job and result.',
    labelNames: ['job', 'result'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });
  readonly jobsSkipped = new Counter({
    name: 'sluice_jobs_skipped_total',
    help: 'Runs of a periodic job left out because the one before had not ended.',
    labelNames: ['job'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ prefix: 'sluice_', register: this.registry });
    new Gauge({ name: 'sluice_build_info', help: 'Always 1.', labelNames: ['node'], registers: [this.registry] }).set(
      { node: process.version },
      1,
    );
  }

  /** Times every request, the streaming ones to their first byte only. */
  measure(instance: FastifyInstance): void {
    instance.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown';
      this.httpDuration.observe(
        { method: request.method, route, status: String(reply.statusCode) },
        reply.elapsedTime / 1000,
      );
      done();
    });
  }
}
