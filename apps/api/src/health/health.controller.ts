import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Open } from '../auth/auth.guard.js';
import { Metrics } from './metrics.js';
import { ReadinessChecks } from './readiness.js';

/** For kubelets, load balancers and Prometheus: no token. */
@Open()
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: ReadinessChecks,
    private readonly metrics: Metrics,
  ) {}

  /** The event loop turns; never asks the database, or its outage would restart every replica. */
  @Get('livez')
  live() {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const { ready, checks } = await this.readiness.run();
    void reply.status(ready ? 200 : 503);
    return { status: ready ? 'ok' : 'not ready', checks };
  }

  @Get('metrics')
  async prometheus(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}
