import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CreateListener,
  CreateLoadBalancer,
  CreateRule,
  CreateTargetGroup,
  ProvisionedResource,
  ProvisionedResourcePage,
} from '@sluice/contracts';
import { Provisioning, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFor } from '../auth/caller.js';
import { Operation, type OperationSpec } from '../http/operation.js';
import { DryRunQuery, listQuery, mutation, pageOf } from '../http/parameters.js';

const ListQuery = listQuery({});
const creation: Omit<OperationSpec, 'id' | 'summary'> = {
  role: 'admin',
  status: 201,
  reply: ProvisionedResource,
  dryRunReply: ProvisionedResource,
  body: true,
  mutates: true,
  asksOutside: true,
};

@ApiTags('provisioning')
@Controller('v1')
export class ProvisioningController {
  constructor(private readonly provisioning: Provisioning) {}

  @Post('load-balancers')
  @Operation({ ...creation, id: 'createLoadBalancer', summary: 'Create or adopt an Application Load Balancer' })
  createLoadBalancer(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateLoadBalancer }) body: z.output<typeof CreateLoadBalancer>,
  ) {
    const projectId = projectFor(caller, body.projectId);
    const options = mutation(undefined, query);
    if ('adoptArn' in body)
      return this.provisioning.adoptLoadBalancer(
        caller,
        { projectId, accountId: body.accountId, arn: body.adoptArn },
        options,
      );
    return this.provisioning.createLoadBalancer(caller, { ...body, projectId }, options);
  }

  @Post('target-groups')
  @Operation({ ...creation, id: 'createTargetGroup', summary: 'Create or adopt a target group' })
  createTargetGroup(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateTargetGroup }) body: z.output<typeof CreateTargetGroup>,
  ) {
    const projectId = projectFor(caller, body.projectId);
    const options = mutation(undefined, query);
    if ('adoptArn' in body)
      return this.provisioning.adoptTargetGroup(
        caller,
        { projectId, accountId: body.accountId, arn: body.adoptArn },
        options,
      );
    return this.provisioning.createTargetGroup(caller, { ...body, projectId }, options);
  }

  @Post('listeners')
  @Operation({
    ...creation,
    id: 'createListener',
    summary: 'Create a listener whose default action forwards by weight',
  })
  createListener(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateListener }) body: z.output<typeof CreateListener>,
  ) {
    return this.provisioning.createListener(
      caller,
      { ...body, projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Post('rules')
  @Operation({ ...creation, id: 'createRule', summary: 'Create a rule that forwards by weight' })
  createRule(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateRule }) body: z.output<typeof CreateRule>,
  ) {
    const { forced, ...rule } = body;
    return this.provisioning.createRule(
      caller,
      { ...rule, ...(forced && { forced }), projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Get('provisioned-resources')
  @Operation({
    id: 'listProvisionedResources',
    summary: 'List what was created or adopted in AWS',
    description: 'Of one project: `projectId` is needed unless the token is bound to one.',
    role: 'viewer',
    reply: ProvisionedResourcePage,
  })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    return this.provisioning.list(
      caller,
      { projectId: projectFor(caller, query.projectId, 'query.projectId') },
      pageOf(query),
    );
  }
}
