import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Id, Overview } from '@sluice/contracts';
import type { AuthenticatedCaller } from '@sluice/control';
import { z } from 'zod';
import { From, projectFor } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { OverviewReader } from './overview-reader.js';

const OverviewQuery = z.strictObject({
  projectId: Id.optional().describe('The project; may be left out with a token that is bound to one.'),
});

@ApiTags('overview')
@Controller('v1/overview')
export class OverviewController {
  constructor(private readonly overview: OverviewReader) {}

  @Get()
  @Operation({
    id: 'getOverview',
    summary: 'Clusters, routes and active rollouts of a project, at a glance',
    description: 'What cannot be read from AWS just now is null with its trouble beside it; the rest stands.',
    role: 'viewer',
    reply: Overview,
  })
  get(@From() caller: AuthenticatedCaller, @Query({ schema: OverviewQuery }) query: z.output<typeof OverviewQuery>) {
    return this.overview.read(caller, projectFor(caller, query.projectId, 'query.projectId'));
  }
}
