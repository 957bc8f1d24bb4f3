import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { Id } from '@sluice/contracts';
import type { AuthenticatedCaller } from '@sluice/control';
import { InvalidInput } from '@sluice/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { From, projectFilter } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { EventStreams } from './event-streams.js';

const EventsQuery = z.strictObject({ projectId: Id.optional().describe("Only this project's.") });

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description:
      '`id` of the last event you saw: every later one follows, none is left out. `0` is the first one kept. Without it the stream begins now.',
    schema: { type: 'string', pattern: '^[0-9]{1,18}$' },
  })
  @Operation({
    id: 'streamEvents',
    summary: 'Every change, as server-sent events',
    description:
      "`id` is the event's `seq`, `event` its type, `data` the JSON of schema `Event`. A token has at most 20 streams at one server. A comment comes every 15 s. Ends when the token is revoked or the server stops: connect again with Last-Event-ID.",
    role: 'viewer',
    replyContentType: 'text/event-stream',
    replyDescription: 'A stream that stays open.',
    limited: true,
  })
  async stream(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: EventsQuery }) query: z.output<typeof EventsQuery>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projectId } = projectFilter(caller, query.projectId);
    const after = readSeq(lastEventId);
    // Fastify answers HEAD with the handler of GET, and a stream would never end
    if (request.method === 'HEAD') this.streams.head({ reply });
    else await this.streams.open({ caller, projectId: projectId ?? null, after, request, reply });
  }
}

function readSeq(header: string | undefined): bigint | null {
  if (header === undefined || header === '') return null;
  if (!/^\d{1,18}$/.test(header))
    throw new InvalidInput([{ field: 'header.last-event-id', message: 'must be the id of an event: up to 18 digits' }]);
  return BigInt(header);
}
