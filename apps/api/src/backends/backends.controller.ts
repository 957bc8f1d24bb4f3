import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Backend, BackendPage, CreateBackend, CreatedBackend, ForgetQuery, Id } from '@sluice/contracts';
import { Backends, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { DryRunQuery, IdPath, IfMatch, NoQuery, listQuery, mutation, pageOf } from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ routeId: Id.optional(), clusterId: Id.optional() });

@ApiTags('backends')
@Controller('v1/backends')
export class BackendsController {
  constructor(private readonly backends: Backends) {}

  @Post()
  @Operation({
    id: 'createBackend',
    summary: 'Add a backend to a route',
    description:
      'Its target group is attached to the route at weight 0, so that it is health-checked before it gets a share.',
    role: 'operator',
    status: 201,
    reply: CreatedBackend,
    dryRunReply: CreatedBackend,
    body: true,
    mutates: true,
    asksOutside: true,
    version: (created: CreatedBackend) => created.backend.version,
    location: (created: CreatedBackend) => `/v1/backends/${created.backend.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateBackend }) body: z.output<typeof CreateBackend>,
  ) {
    return this.backends.create(caller, body, mutation(undefined, query));
  }

  @Get()
  @Operation({ id: 'listBackends', summary: 'List backends', role: 'viewer', reply: BackendPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    const { routeId, clusterId } = query;
    return this.backends.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), routeId, clusterId }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({
    id: 'getBackend',
    summary: 'Get a backend',
    role: 'viewer',
    reply: Backend,
    version: (backend: Backend) => backend.version,
  })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.backends.get(caller, id);
  }

  @Delete(':id')
  @Operation({
    id: 'deleteBackend',
    summary: 'Remove a backend',
    description:
      '409 unless its live weight is 0, its binding is removed and no rollout names its route: moves it, bakes or is scheduled. `forget=true` writes nothing: the records go, and its target group is pinned with the share it has.',
    role: 'operator',
    status: 204,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
  })
  remove(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: ForgetQuery }) query: z.output<typeof ForgetQuery>,
    @IfMatch() ifVersion: number | undefined,
  ) {
    return this.backends.remove(caller, id, { ...mutation(ifVersion, query), forget: query.forget });
  }
}
