import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CreatePlan,
  CreatePlanVersion,
  Id,
  PlanPage,
  PlanVersion,
  PlanVersionPage,
  PlanWithVersion,
} from '@sluice/contracts';
import { Plans, type AuthenticatedCaller } from '@sluice/control';
import { z } from 'zod';
import { From, projectFilter, projectFor } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { DryRunQuery, IdPath, IfMatch, NoQuery, listQuery, mutation, pageOf } from '../http/parameters.js';

const ListQuery = listQuery({});
const VersionPath = z.strictObject({ id: Id, version: z.coerce.number().pipe(z.int().min(1).max(1_000_000)) });
const version = ({ plan }: PlanWithVersion) => plan.version;

@ApiTags('plans')
@Controller('v1/plans')
export class PlansController {
  constructor(private readonly plans: Plans) {}

  @Post()
  @Operation({
    id: 'createPlan',
    summary: 'Create a plan',
    role: 'operator',
    status: 201,
    reply: PlanWithVersion,
    dryRunReply: PlanWithVersion,
    body: true,
    mutates: true,
    version,
    location: ({ plan }: PlanWithVersion) => `/v1/plans/${plan.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreatePlan }) body: z.output<typeof CreatePlan>,
  ) {
    return this.plans.create(
      caller,
      { ...body, projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Get()
  @Operation({ id: 'listPlans', summary: 'List plans', role: 'viewer', reply: PlanPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    return this.plans.list(caller, projectFilter(caller, query.projectId), pageOf(query));
  }

  @Get(':id')
  @Operation({
    id: 'getPlan',
    summary: 'Get a plan with its latest version',
    role: 'viewer',
    reply: PlanWithVersion,
    version,
  })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.plans.get(caller, id);
  }

  @Delete(':id')
  @Operation({
    id: 'deletePlan',
    summary: 'Delete a plan that no rollout has used',
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
    return this.plans.remove(caller, id, mutation(ifVersion, query));
  }

  @Post(':id/versions')
  @Operation({
    id: 'createPlanVersion',
    summary: 'Add the next version of a plan',
    role: 'operator',
    status: 201,
    reply: PlanWithVersion,
    dryRunReply: PlanWithVersion,
    body: true,
    mutates: true,
    ifMatch: true,
    version,
  })
  createVersion(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: CreatePlanVersion }) body: z.output<typeof CreatePlanVersion>,
  ) {
    return this.plans.newVersion(caller, id, body.spec, mutation(ifVersion, query));
  }

  @Get(':id/versions')
  @Operation({
    id: 'listPlanVersions',
    summary: 'All versions of a plan, newest first',
    role: 'viewer',
    reply: PlanVersionPage,
  })
  async listVersions(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return { items: await this.plans.listVersions(caller, id), next: null };
  }

  @Get(':id/versions/:version')
  @Operation({ id: 'getPlanVersion', summary: 'Get one version of a plan', role: 'viewer', reply: PlanVersion })
  getVersion(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: VersionPath }) path: z.output<typeof VersionPath>,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.plans.getVersion(caller, path.id, path.version);
  }
}
