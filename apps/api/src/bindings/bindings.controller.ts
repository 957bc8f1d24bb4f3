import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AppliedBinding,
  Binding,
  BindingPage,
  BindingPreview,
  CreateBinding,
  Id,
  RemovedBinding,
} from '@sluice/contracts';
import { Bindings, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import {
  DryRunQuery,
  IdPath,
  IfMatch,
  NoBody,
  NoQuery,
  expectVersion,
  listQuery,
  mutation,
  pageOf,
} from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ routeId: Id.optional(), clusterId: Id.optional(), backendId: Id.optional() });

@ApiTags('bindings')
@Controller('v1/bindings')
export class BindingsController {
  constructor(private readonly bindings: Bindings) {}

  @Post()
  @Operation({
    id: 'createBinding',
    summary: "Push a backend's TargetGroupBinding to its cluster",
    description:
      'Server-side apply; sending it again applies it again. What the cluster refuses is an answer: the binding is `Refused` and `outcome` has the reason and the way out.',
    role: 'operator',
    status: 201,
    reply: AppliedBinding,
    dryRunReply: BindingPreview,
    body: true,
    mutates: true,
    asksOutside: true,
    version: (applied: AppliedBinding) => applied.binding.version,
    location: (applied: AppliedBinding) => `/v1/bindings/${applied.binding.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateBinding }) body: z.output<typeof CreateBinding>,
  ) {
    return query.dryRun ? this.bindings.dryRun(caller, body) : this.bindings.apply(caller, body);
  }

  @Get()
  @Operation({ id: 'listBindings', summary: 'List bindings', role: 'viewer', reply: BindingPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    const { routeId, clusterId, backendId } = query;
    return this.bindings.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), routeId, clusterId, backendId }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({
    id: 'getBinding',
    summary: 'Get a binding',
    role: 'viewer',
    reply: Binding,
    version: (binding: Binding) => binding.version,
  })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.bindings.get(caller, id);
  }

  @Post(':id(^[^:]+)::refresh')
  @Operation({
    id: 'refreshBinding',
    summary: 'Read a binding back from its cluster',
    role: 'operator',
    reply: Binding,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
    version: (binding: Binding) => binding.version,
  })
  async refresh(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: NoBody }) __: unknown,
  ) {
    if (ifVersion !== undefined) expectVersion(await this.bindings.get(caller, id), ifVersion);
    return this.bindings.refresh(caller, id);
  }

  @Delete(':id')
  @Operation({
    id: 'deleteBinding',
    summary: 'Remove a binding from its cluster',
    description: '409 until its target group is drained.',
    role: 'operator',
    reply: RemovedBinding,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
  })
  remove(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
  ) {
    return this.bindings.remove(caller, id, mutation(ifVersion, query));
  }
}
