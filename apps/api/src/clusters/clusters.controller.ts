import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Cluster,
  ClusterCheckReply,
  ClusterConnection,
  ClusterPage,
  CreateCluster,
  Id,
  ReasonBody,
  UpdateCluster,
} from '@sluice/contracts';
import { Clusters, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter, projectFor } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import {
  DryRunQuery,
  IdPath,
  IfMatch,
  LabelsQuery,
  NoBody,
  NoQuery,
  expectVersion,
  listQuery,
  mutation,
  pageOf,
} from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ accountId: Id.optional(), labels: LabelsQuery });
type ReasonBody = z.output<typeof ReasonBody>;
const version = (cluster: Cluster) => cluster.version;

@ApiTags('clusters')
@Controller('v1/clusters')
export class ClustersController {
  constructor(private readonly clusters: Clusters) {}

  @Post()
  @Operation({
    id: 'createCluster',
    summary: 'Register a cluster',
    role: 'admin',
    status: 201,
    reply: Cluster,
    dryRunReply: Cluster,
    body: true,
    mutates: true,
    version,
    location: (cluster: Cluster) => `/v1/clusters/${cluster.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateCluster }) body: z.output<typeof CreateCluster>,
  ) {
    return this.clusters.create(
      caller,
      { ...body, projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Get()
  @Operation({ id: 'listClusters', summary: 'List clusters', role: 'viewer', reply: ClusterPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    const { accountId, labels } = query;
    return this.clusters.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), accountId, labels }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({ id: 'getCluster', summary: 'Get a cluster', role: 'viewer', reply: Cluster, version })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.clusters.get(caller, id);
  }

  @Patch(':id')
  @Operation({
    id: 'updateCluster',
    summary: 'Change a cluster',
    role: 'admin',
    reply: Cluster,
    body: true,
    mutates: true,
    ifMatch: true,
    version,
  })
  update(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: UpdateCluster }) body: z.output<typeof UpdateCluster>,
  ) {
    return this.clusters.update(caller, id, body, mutation(ifVersion, query));
  }

  @Put(':id/connection')
  @Operation({
    id: 'setClusterConnection',
    summary: 'Say how a cluster is reached',
    description:
      'Replaces address, CA and credentials together: what is stored is never sent to another address. Write-only; `getCluster` shows the address and the kind of credentials. The cluster is asked which one it is: 409 when it is registered already, or when bindings exist and another cluster answers.',
    role: 'admin',
    reply: Cluster,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
    version,
  })
  connect(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: ClusterConnection }) body: z.output<typeof ClusterConnection>,
  ) {
    return this.clusters.connect(caller, id, body, mutation(ifVersion, query));
  }

  @Delete(':id')
  @Operation({
    id: 'deleteCluster',
    summary: 'Delete a cluster that has no backends',
    role: 'admin',
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
    return this.clusters.remove(caller, id, mutation(ifVersion, query));
  }

  @Post(':id(^[^:]+)::check')
  @Operation({
    id: 'checkCluster',
    summary: 'Check that the cluster can be reached with the rights we need',
    description: 'A refusal is an answer too: `ok` is false and `advice` says what to do.',
    role: 'operator',
    reply: ClusterCheckReply,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
  })
  async check(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: NoBody }) __: unknown,
  ) {
    if (ifVersion !== undefined) expectVersion(await this.clusters.get(caller, id), ifVersion);
    return this.clusters.check(caller, id);
  }

  @Post(':id(^[^:]+)::cordon')
  @Operation({
    id: 'cordonCluster',
    summary: 'Give a cluster no new share',
    description: 'Shares it has stay; no rollout raises them.',
    role: 'operator',
    reply: Cluster,
    body: true,
    mutates: true,
    ifMatch: true,
    version,
  })
  cordon(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: ReasonBody }) body: ReasonBody,
  ) {
    return this.clusters.cordon(caller, id, body, mutation(ifVersion, query));
  }

  @Post(':id(^[^:]+)::uncordon')
  @Operation({
    id: 'uncordonCluster',
    summary: 'Let a cluster have new shares again',
    role: 'operator',
    reply: Cluster,
    body: true,
    mutates: true,
    ifMatch: true,
    version,
  })
  uncordon(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: NoBody }) _: unknown,
  ) {
    return this.clusters.uncordon(caller, id, mutation(ifVersion, query));
  }

  @Post(':id(^[^:]+)::retire')
  @Operation({
    id: 'retireCluster',
    summary: 'Retire a cluster for good',
    description: '409 while any of its backends has live weight above 0.',
    role: 'admin',
    reply: Cluster,
    body: true,
    mutates: true,
    ifMatch: true,
    asksOutside: true,
    version,
  })
  retire(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: ReasonBody }) body: ReasonBody,
  ) {
    return this.clusters.retire(caller, id, body, mutation(ifVersion, query));
  }
}
