import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CreateRoute,
  Id,
  Route,
  RouteLive,
  RoutePage,
  RouteTargetHealth,
  SetWeights,
  UpdateRoute,
  WeightsPreview,
  WeightsSet,
} from '@sluice/contracts';
import { OneOffWeights, Routes, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter, projectFor } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import {
  DryRunQuery,
  IdPath,
  IfMatch,
  LabelsQuery,
  FreshQuery,
  NoQuery,
  expectVersion,
  listQuery,
  mutation,
  pageOf,
} from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ accountId: Id.optional(), labels: LabelsQuery });
const version = (route: Route) => route.version;

@ApiTags('routes')
@Controller('v1/routes')
export class RoutesController {
  constructor(
    private readonly routes: Routes,
    private readonly weights: OneOffWeights,
  ) {}

  @Post()
  @Operation({
    id: 'createRoute',
    summary: 'Take a route into a project',
    description:
      'Reads it from AWS at once. A route is in one project only; one that a continuous reconciler owns is refused.',
    role: 'operator',
    status: 201,
    reply: Route,
    dryRunReply: Route,
    body: true,
    mutates: true,
    asksOutside: true,
    version,
    location: (route: Route) => `/v1/routes/${route.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateRoute }) body: z.output<typeof CreateRoute>,
  ) {
    return this.routes.register(
      caller,
      { ...body, projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Get()
  @Operation({ id: 'listRoutes', summary: 'List routes', role: 'viewer', reply: RoutePage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    const { accountId, labels } = query;
    return this.routes.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), accountId, labels }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({ id: 'getRoute', summary: 'Get a route', role: 'viewer', reply: Route, version })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.routes.get(caller, id);
  }

  @Patch(':id')
  @Operation({
    id: 'updateRoute',
    summary: 'Change a route',
    role: 'operator',
    reply: Route,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
    version,
  })
  update(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: UpdateRoute }) body: z.output<typeof UpdateRoute>,
  ) {
    return this.routes.update(caller, id, body, mutation(ifVersion, query));
  }

  @Delete(':id')
  @Operation({
    id: 'deleteRoute',
    summary: 'Take a route out of its project',
    description: 'Nothing changes in AWS.',
    role: 'operator',
    status: 204,
    mutates: true,
    ifMatch: true,
  })
  remove(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
  ) {
    return this.routes.remove(caller, id, mutation(ifVersion, query));
  }

  @Get(':id/live')
  @Operation({
    id: 'getLiveRoute',
    summary: 'The weights as last seen in AWS',
    description:
      'Answered from the newest look, with its age; it costs AWS nothing. `fresh=true` asks for a look now, last in the read budget of the account.',
    role: 'viewer',
    reply: RouteLive,
    asksOutside: true,
  })
  live(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: FreshQuery }) query: FreshQuery,
  ) {
    return this.routes.live(caller, id, { fresh: query.fresh });
  }

  @Get(':id/target-health')
  @Operation({
    id: 'getTargetHealth',
    summary: "The targets of the route's backends, by state, as last seen",
    description: 'The health of routes that no rollout moves is not watched: `fresh=true` asks for a look now.',
    role: 'viewer',
    reply: RouteTargetHealth,
    asksOutside: true,
  })
  targetHealth(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: FreshQuery }) query: FreshQuery,
  ) {
    return this.routes.targetHealth(caller, id, { fresh: query.fresh });
  }

  @Put(':id/weights')
  @Operation({
    id: 'setWeights',
    summary: 'Write weights once, outside any rollout',
    description:
      'The same checks as in a rollout: healthy targets before a share is raised, nobody left without a receiver. Answers once it is decided and durable; `GET /v1/decisions` and the events tell how it ended.',
    role: 'operator',
    status: 202,
    reply: WeightsSet,
    dryRunReply: WeightsPreview,
    replyDescription: 'Decided; the write is on its way.',
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
  })
  async setWeights(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: SetWeights }) body: z.output<typeof SetWeights>,
  ) {
    if (ifVersion !== undefined) expectVersion(await this.routes.get(caller, id), ifVersion);
    return query.dryRun
      ? this.weights.set(caller, id, present(body), { dryRun: true })
      : this.weights.set(caller, id, present(body));
  }
}
