import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CreateToken, CreatedToken, Token, TokenPage, WhoAmI } from '@sluice/contracts';
import { Tokens, type AuthenticatedCaller } from '@sluice/control';
import { actorText } from '@sluice/domain';
import type { z } from 'zod';
import { From, projectFilter } from '../auth/caller.js';
import { Operation } from '../http/operation.js';
import { DryRunQuery, IdPath, NoBody, NoQuery, listQuery, mutation, pageOf } from '../http/parameters.js';

const ListQuery = listQuery({});

@ApiTags('tokens')
@Controller('v1')
export class TokensController {
  constructor(private readonly tokens: Tokens) {}

  @Get('whoami')
  @Operation({ id: 'whoAmI', summary: 'Who this token is', role: 'viewer', reply: WhoAmI })
  whoAmI(@From() caller: AuthenticatedCaller, @Query({ schema: NoQuery }) _: unknown) {
    return { actor: actorText(caller.actor), role: caller.role, projectId: caller.projectId };
  }

  @Post('tokens')
  @Operation({
    id: 'createToken',
    summary: 'Create a token',
    description: 'Its secret is in this reply and nowhere else, ever again.',
    role: 'admin',
    status: 201,
    reply: CreatedToken,
    dryRunReply: CreatedToken,
    body: true,
    mutates: true,
    location: ({ token }: CreatedToken) => `/v1/tokens/${token.id}`,
    forStorage: (created: CreatedToken) => ({ ...created, secret: null }),
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateToken }) body: z.output<typeof CreateToken>,
  ) {
    const projectId = body.projectId === undefined ? caller.projectId : body.projectId;
    return this.tokens.create(caller, { ...body, projectId }, mutation(undefined, query));
  }

  @Get('tokens')
  @Operation({ id: 'listTokens', summary: 'List tokens', role: 'admin', reply: TokenPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    return this.tokens.list(caller, projectFilter(caller, query.projectId), pageOf(query));
  }

  @Get('tokens/:id')
  @Operation({ id: 'getToken', summary: 'Get a token', role: 'admin', reply: Token })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.tokens.get(caller, id);
  }

  @Post('tokens/:id(^[^:]+)::revoke')
  @Operation({
    id: 'revokeToken',
    summary: 'Revoke a token',
    description: 'At once, also for event streams that are open. Revoking twice is a success.',
    role: 'admin',
    reply: Token,
    body: true,
    mutates: true,
  })
  revoke(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: NoBody }) _: unknown,
  ) {
    return this.tokens.revoke(caller, id, mutation(undefined, query));
  }
}
