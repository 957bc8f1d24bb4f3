import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CreateRollout,
  Id,
  Rollout,
  RolloutPage,
  RolloutPreview,
  RolloutProgress,
  RolloutState,
  RolloutTimeline,
  RolloutVerbBody,
} from '@sluice/contracts';
import { Rollouts, type AuthenticatedCaller } from '@sluice/control';
import type { RolloutVerb } from '@sluice/domain';
import { z } from 'zod';
import { From, projectFilter, projectFor } from '../auth/caller.js';
import { Operation, type OperationSpec } from '../http/operation.js';
import { DryRunQuery, IdPath, IfMatch, NoQuery, listQuery, pageOf } from '../http/parameters.js';
import { present } from '../http/present.js';

const ListQuery = listQuery({ state: RolloutState.optional() });
const TimelineQuery = z.strictObject({ routeId: Id.optional().describe('Only what is about this route.') });
const VerbBody = RolloutVerbBody.optional();
type VerbBody = z.output<typeof VerbBody>;
const version = (rollout: Rollout) => rollout.version;

/** Verbs need neither a body nor a header; a state that doesn't allow one answers 409 with those it does. */
const verb: Omit<OperationSpec, 'id' | 'summary'> = {
  role: 'operator',
  reply: Rollout,
  body: true,
  mutates: true,
  ifMatch: true,
  version,
};

@ApiTags('rollouts')
@Controller('v1/rollouts')
export class RolloutsController {
  constructor(private readonly rollouts: Rollouts) {}

  @Post()
  @Operation({
    id: 'createRollout',
    summary: 'Start a plan version',
    description:
      'Nothing is read for it: live weights are those that the gateways last saw. At its start the plan is compiled against them, its routes are claimed, and each gets its baseline. One route is moved by one rollout at most.',
    role: 'operator',
    status: 201,
    reply: Rollout,
    dryRunReply: RolloutPreview,
    body: true,
    mutates: true,
    version,
    location: (rollout: Rollout) => `/v1/rollouts/${rollout.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateRollout }) body: z.output<typeof CreateRollout>,
  ) {
    const { startAt, ...rest } = body;
    const input = present({
      ...rest,
      projectId: projectFor(caller, body.projectId),
      startAt: startAt === 'now' ? undefined : startAt,
    });
    return query.dryRun ? this.rollouts.create(caller, input, { dryRun: true }) : this.rollouts.create(caller, input);
  }

  @Get()
  @Operation({ id: 'listRollouts', summary: 'List rollouts, newest first', role: 'viewer', reply: RolloutPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    return this.rollouts.list(
      caller,
      present({ ...projectFilter(caller, query.projectId), state: query.state }),
      pageOf(query),
    );
  }

  @Get(':id')
  @Operation({ id: 'getRollout', summary: 'Get a rollout', role: 'viewer', reply: Rollout, version })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.rollouts.get(caller, id);
  }

  @Get(':id/timeline')
  @Operation({
    id: 'getRolloutTimeline',
    summary: 'Planned and verified weights over time',
    description:
      'Per route, with every decision and write behind them. Of many routes that is much: ask for one with `routeId`, or for the progress of all.',
    role: 'viewer',
    reply: RolloutTimeline,
  })
  timeline(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: TimelineQuery }) { routeId }: z.output<typeof TimelineQuery>,
  ) {
    return this.rollouts.timeline(caller, id, routeId);
  }

  @Get(':id/progress')
  @Operation({
    id: 'getRolloutProgress',
    summary: 'How it went over all routes',
    description: 'The shares over all routes as they changed, and every decision without its part on each route.',
    role: 'viewer',
    reply: RolloutProgress,
  })
  progress(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.rollouts.progress(caller, id);
  }

  @Post(':id(^[^:]+)::start')
  @Operation({ ...verb, id: 'startRollout', summary: 'Start a scheduled rollout now' })
  start(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'start', body, ifVersion);
  }

  @Post(':id(^[^:]+)::cancel')
  @Operation({ ...verb, id: 'cancelRollout', summary: 'Cancel a scheduled rollout' })
  cancel(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'cancel', body, ifVersion);
  }

  @Post(':id(^[^:]+)::pause')
  @Operation({ ...verb, id: 'pauseRollout', summary: 'Pause; the weights stay as they are' })
  pause(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'pause', body, ifVersion);
  }

  @Post(':id(^[^:]+)::resume')
  @Operation({ ...verb, id: 'resumeRollout', summary: 'Go on after a pause, a block or a suspension' })
  resume(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'resume', body, ifVersion);
  }

  @Post(':id(^[^:]+)::advance')
  @Operation({
    ...verb,
    id: 'advanceRollout',
    summary: 'End the current hold early',
    description: 'It never skips a gate.',
  })
  advance(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'advance', body, ifVersion);
  }

  @Post(':id(^[^:]+)::abort')
  @Operation({
    ...verb,
    id: 'abortRollout',
    summary: 'End here; the weights stay',
    description: 'Writes not yet sent are cancelled; those in flight are settled by reading.',
  })
  abort(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'abort', body, ifVersion);
  }

  @Post(':id(^[^:]+)::rollback')
  @Operation({
    ...verb,
    id: 'rollbackRollout',
    summary: 'Go back to the shares before the rollout',
    description: 'Also within the bake after success.',
  })
  rollback(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'rollback', body, ifVersion);
  }

  @Post(':id(^[^:]+)::adopt')
  @Operation({
    ...verb,
    id: 'adoptRollout',
    summary: 'Take the live weights for what they are, and go on from there',
    description: 'For a rollout blocked on live weights that nobody here wrote.',
  })
  adopt(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'adopt', body, ifVersion);
  }

  @Post(':id(^[^:]+)::reassert')
  @Operation({
    ...verb,
    id: 'reassertRollout',
    summary: 'Write the intended weights again',
    description: 'For a rollout blocked on live weights that nobody here wrote.',
  })
  reassert(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
    @IfMatch() ifVersion: number | undefined,
    @Body({ schema: VerbBody }) body: VerbBody,
  ) {
    return this.say(caller, id, 'reassert', body, ifVersion);
  }

  private say(
    caller: AuthenticatedCaller,
    id: string,
    word: RolloutVerb,
    body: VerbBody,
    ifVersion: number | undefined,
  ) {
    return this.rollouts.verb(caller, id, word, present({ ...body, ifVersion }));
  }
}
