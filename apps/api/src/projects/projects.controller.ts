import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CleanUp, CleanUpReport, CreateProject, Project, ProjectPage, pageQuery } from '@sluice/contracts';
import { Projects, Provisioning, type Caller } from '@sluice/control';
import { z } from 'zod';
import { From } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { DryRunQuery, IdPath, IfMatch, NoQuery, expectVersion, mutation, pageOf } from '../http/parameters.js';

const PageQuery = z.strictObject(pageQuery);

@ApiTags('projects')
@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly provisioning: Provisioning,
  ) {}

  @Post()
  @Operation({
    id: 'createProject',
    summary: 'Create a project',
    role: 'admin',
    status: 201,
    reply: Project,
    dryRunReply: Project,
    body: true,
    mutates: true,
    version: (project: Project) => project.version,
    location: (project: Project) => `/v1/projects/${project.id}`,
  })
  create(
    @From() caller: Caller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateProject }) body: z.output<typeof CreateProject>,
  ) {
    return this.projects.create(caller, body, mutation(undefined, query));
  }

  @Get()
  @Operation({ id: 'listProjects', summary: 'List projects', role: 'viewer', reply: ProjectPage })
  list(@From() caller: Caller, @Query({ schema: PageQuery }) query: z.output<typeof PageQuery>) {
    return this.projects.list(caller, pageOf(query));
  }

  @Get(':id')
  @Operation({
    id: 'getProject',
    summary: 'Get a project',
    role: 'viewer',
    reply: Project,
    version: (project: Project) => project.version,
  })
  get(@From() caller: Caller, @Param({ schema: IdPath }) { id }: IdPath, @Query({ schema: NoQuery }) _: unknown) {
    return this.projects.get(caller, id);
  }

  @Delete(':id')
  @Operation({
    id: 'deleteProject',
    summary: 'Delete an empty project',
    role: 'admin',
    status: 204,
    mutates: true,
    ifMatch: true,
  })
  remove(
    @From() caller: Caller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
  ) {
    return this.projects.remove(caller, id, mutation(ifVersion, query));
  }

  @Post(':id(^[^:]+)::clean-up')
  @Operation({
    id: 'cleanUpProject',
    summary: 'Remove from AWS what this project created there',
    description:
      'Exactly what was created, in safe order: rules, listeners, target groups, load balancers. What was adopted, what a registered route stands on, and what any load balancer still sends requests to is left, with the reason. Needs the `digest` of its dry run; 409 CleanUpChanged when something else would be removed by now.',
    role: 'admin',
    reply: CleanUpReport,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
  })
  async cleanUp(
    @From() caller: Caller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: CleanUp }) body: z.output<typeof CleanUp>,
  ) {
    if (ifVersion !== undefined) expectVersion(await this.projects.get(caller, id), ifVersion);
    return this.provisioning.cleanUp(caller, id, {
      ...mutation(undefined, query),
      ...(body?.digest !== undefined && { digest: body.digest }),
    });
  }
}
