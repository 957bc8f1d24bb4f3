import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Account, AccountCheck, AccountGateway, AccountPage, CreateAccount, UpdateAccount } from '@sluice/contracts';
import { Accounts, type AuthenticatedCaller } from '@sluice/control';
import type { z } from 'zod';
import { From, projectFilter, projectFor } from '../auth/caller.js';
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

const ListQuery = listQuery({});
const version = (account: Account) => account.version;

@ApiTags('accounts')
@Controller('v1/accounts')
export class AccountsController {
  constructor(private readonly accounts: Accounts) {}

  @Post()
  @Operation({
    id: 'createAccount',
    summary: 'Register an AWS account and Region',
    role: 'admin',
    status: 201,
    reply: Account,
    dryRunReply: Account,
    body: true,
    mutates: true,
    version,
    location: (account: Account) => `/v1/accounts/${account.id}`,
  })
  create(
    @From() caller: AuthenticatedCaller,
    @Query({ schema: DryRunQuery }) query: DryRunQuery,
    @Body({ schema: CreateAccount }) body: z.output<typeof CreateAccount>,
  ) {
    return this.accounts.create(
      caller,
      { ...body, projectId: projectFor(caller, body.projectId) },
      mutation(undefined, query),
    );
  }

  @Get()
  @Operation({ id: 'listAccounts', summary: 'List accounts', role: 'viewer', reply: AccountPage })
  list(@From() caller: AuthenticatedCaller, @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>) {
    return this.accounts.list(caller, projectFilter(caller, query.projectId), pageOf(query));
  }

  @Get(':id')
  @Operation({ id: 'getAccount', summary: 'Get an account', role: 'viewer', reply: Account, version })
  get(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.accounts.get(caller, id);
  }

  @Get(':id/gateway')
  @Operation({
    id: 'getAccountGateway',
    summary: "What is spent of AWS's limits",
    description:
      'Both budgets of the gateway that the account goes through, as its owner published them last. It costs AWS nothing.',
    role: 'viewer',
    reply: AccountGateway,
  })
  gateway(
    @From() caller: AuthenticatedCaller,
    @Param({ schema: IdPath }) { id }: IdPath,
    @Query({ schema: NoQuery }) _: unknown,
  ) {
    return this.accounts.gateway(caller, id);
  }

  @Patch(':id')
  @Operation({
    id: 'updateAccount',
    summary: 'Change an account',
    role: 'admin',
    reply: Account,
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
    @Body({ schema: UpdateAccount }) body: z.output<typeof UpdateAccount>,
  ) {
    return this.accounts.update(caller, id, body, mutation(ifVersion, query));
  }

  @Delete(':id')
  @Operation({
    id: 'deleteAccount',
    summary: 'Delete an account that nothing uses',
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
    return this.accounts.remove(caller, id, mutation(ifVersion, query));
  }

  @Post(':id(^[^:]+)::check')
  @Operation({
    id: 'checkAccount',
    summary: 'Check that the account can be reached',
    description:
      'Asks AWS who we are and reads one page of load balancers. A refusal is an answer too: `ok` is false and `advice` says what to do.',
    role: 'operator',
    reply: AccountCheck,
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
    if (ifVersion !== undefined) expectVersion(await this.accounts.get(caller, id), ifVersion);
    return this.accounts.check(caller, id);
  }
}
