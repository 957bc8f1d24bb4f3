import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Decision, DecisionPage, Id } from '@sluice/contracts';
import { Ledger, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { IdPath, NoQuery, listQuery, pageOf } from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ rolloutId: Id.optional(), routeId: Id.optional() });

@ApiTags('decisions')
@Controller('v1/decisions')
export class DecisionsController {
  constructor(private readonly ledger: Ledger) {}

  @Get()
  @Operation({ id: 'listDecisions', summary: 'The ledger, newest first', role: 'viewer', reply: DecisionPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    const { rolloutId, routeId } = query;
    return this.ledger.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), rolloutId, routeId }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({ id: 'getDecision', summary: 'Get one line of the ledger', role: 'viewer', reply: Decision })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.ledger.get(caller, id);
  }
}
