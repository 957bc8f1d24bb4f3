import { randomUUID } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Signals, Tokens } from '@sluice/control';
import { engineActor } from '@sluice/domain';
import { AesGcmSealer, PostgresSignals, awaitDatabase, openDatabase, readSealingKeys } from '@sluice/postgres';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger, PinoLogger } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { serveDashboard } from './dashboard/dashboard.js';
import { Metrics } from './health/metrics.js';
import { ReadinessChecks } from './health/readiness.js';
import { bodyLimitBytes, parseJsonBodies } from './http/body-parser.js';
import { compressReplies } from './http/compression.js';
import { Connections } from './http/connections.js';
import { MethodTable } from './http/method-table.js';
import { answerFor } from './http/problems.js';
import { securityHeaders } from './http/security-headers.js';
import { NestLogger } from './logging/nest-logger.js';
import { logRequests } from './logging/request-log.js';
import { serveApiPages } from './openapi/pages.js';

export interface Overrides {
  /** Replace ports or use cases, in tests. */
  readonly providers?: readonly Provider[];
  readonly logDestination?: DestinationStream;
}

export interface App {
  readonly nest: NestFastifyApplication;
  /** Waits for the database, listens, and writes the first token; returns the base URL. Ready only after all of it. */
  listen(): Promise<string>;
  /** Drains, hands lanes over and closes everything; safe to call twice. */
  close(): Promise<void>;
}

/** The whole service, not listening yet. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  // before anything is opened: without the keys nothing could be used
  const sealer = new AesGcmSealer(readSealingKeys(config.encryptionKeyFile));
  const database = openDatabase(config.databaseUrl, {
    maxConnections: config.databaseConnections,
    applicationName: `sluice-${config.role}`,
  });
  const methods = new MethodTable();
  const { providers, logDestination } = overrides;
  const module = AppModule.with({
    config,
    database,
    sealer,
    methods,
    ...(providers && { overrides: providers }),
    ...(logDestination && { logDestination }),
  });
  const adapter = httpAdapter();
  const instance = adapter.getInstance();
  methods.collect(instance);
  securityHeaders(instance);
  const nest = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    bufferLogs: true,
    abortOnError: false,
  });
  nest.useLogger(nest.get(NestLogger));
  nest.flushLogs();
  await compressReplies(nest);
  parseJsonBodies(instance);
  nest.get(Metrics).measure(instance);
  logRequests(instance, await nest.resolve(PinoLogger));
  if (config.role !== 'worker') serveApiPages(nest);
  if (config.role !== 'worker' && config.dashboardDir !== null) serveDashboard(instance, config.dashboardDir);
  const connections = new Connections(nest.getHttpServer());
  const signals = nest.get(Signals);
  let closing: Promise<void> | undefined;
  return {
    nest,
    listen: async () => {
      const logger = nest.get(Logger);
      await awaitDatabase(config.databaseUrl, {
        onWaiting: (reason) => logger.warn(`the database cannot be reached yet, it is tried for a minute: ${reason}`),
      });
      proveTokenFile(config);
      if (signals instanceof PostgresSignals) await signals.start();
      // a secret is written for a server that answers, not for one whose port is taken
      await nest.get(ReadinessChecks).afterwards(async () => {
        await nest.listen(config.port, config.host);
        await makeFirstToken(nest.get(Tokens), config, logger);
      });
      return nest.getUrl();
    },
    close: () =>
      (closing ??= (async () => {
        await connections.during(() => nest.close());
        if (signals instanceof PostgresSignals) await signals.stop();
        await database.close();
      })()),
  };
}

function httpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    // the logger takes its id from the raw request
    genReqId: (request: IncomingMessage) => {
      const id = randomUUID();
      request.id = id;
      return id;
    },
    // errors of the router itself, before any hook: a path that cannot be decoded, a part of it that is too long
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const { problem } = answerFor(error);
      void reply
        .status(problem.status)
        .type('application/problem+json; charset=utf-8')
        .send(JSON.stringify({ ...problem, requestId: request.id }));
    },
  });
}

/** Before anything listens, and before there is a secret that could get lost: can its file be written at all? */
function proveTokenFile({ role, firstTokenFile }: Config): void {
  if (role === 'worker' || firstTokenFile === null) return;
  try {
    closeSync(openSync(firstTokenFile, 'a', 0o600));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
    throw new Error(`SLUICE_FIRST_TOKEN_FILE is ${firstTokenFile}, which cannot be written (${code})`, {
      cause: error,
    });
  }
}

/** At the first start there is no token at all: one is made, and its secret is written where its owner alone can read it. */
async function makeFirstToken(tokens: Tokens, config: Config, logger: Logger): Promise<void> {
  if (config.role === 'worker') return;
  if (config.firstTokenFile === null) {
    const { items } = await tokens.list(
      { actor: engineActor('start'), role: 'admin', projectId: null },
      {},
      { limit: 1, cursor: null },
    );
    if (items.length === 0)
      logger.warn(
        'there is no token yet, so nobody can call the API: start once with SLUICE_FIRST_TOKEN_FILE set to the path of a file to write the first one to',
      );
    return;
  }
  const secret = await tokens.ensureFirst();
  if (secret === null) return;
  writeFileSync(config.firstTokenFile, `${secret}\n`, { mode: 0o600 });
  logger.log(`the first admin token was written to ${config.firstTokenFile}`);
}
