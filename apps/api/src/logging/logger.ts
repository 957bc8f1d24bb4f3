import type { IncomingMessage } from 'node:http';
import { stdSerializers, type DestinationStream, type LoggerOptions } from 'pino';
import type { Params } from 'nestjs-pino';

/** What of an error is logged: never its other properties, which may hold requests with credentials. */
function errorFields(error: unknown): Record<string, unknown> {
  const { type, message, stack } = stdSerializers.err(error instanceof Error ? error : new Error(String(error)));
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return {
    type,
    message: clip(message, 1000),
    stack: clip(stack, 4000),
    ...(typeof code === 'string' ? { code } : {}),
  };
}

function clip(text: string | undefined, max: number): string | undefined {
  return text === undefined || text.length <= max ? text : `${text.slice(0, max)}…`;
}

/** The only fields that reach a log line; whatever else is given is left out, so that a secret can't slip in. */
const allowed = new Set([
  'err',
  'context',
  'requestId',
  'method',
  'path',
  'route',
  'status',
  'durationMs',
  'actor',
  'code',
  'url',
  'role',
  'job',
  'accountId',
  'clusterId',
  'routeId',
  'rolloutId',
  'decisionId',
  'intentId',
  'projectId',
  'epoch',
  'owner',
  'state',
  'from',
  'to',
  'reason',
  'message',
  'stepIndex',
  'waitOutMs',
  'attempts',
  'awsRequestId',
  'operation',
  'verified',
  'count',
  'live',
  'intended',
  'system',
  'signal',
  'leaseMs',
  'error',
]);

/**
 * Under whatever name it comes. As it is, an error would be written by its own properties: without its message, which isn't
 * one of them, and with what Postgres hangs on its own (`detail`, `where`: values of rows).
 */
function isError(name: string, value: unknown): boolean {
  return name === 'err' || name === 'error' || value instanceof Error;
}

export function allowlisted(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => allowed.has(name))
      .map(([name, value]) => [name, isError(name, value) ? errorFields(value) : value]),
  );
}

export function pinoOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    messageKey: 'msg',
    formatters: { level: (label) => ({ level: label }), log: allowlisted },
    serializers: { err: (value: unknown) => value },
  };
}

/** nestjs-pino's part: our own request line is written by a hook, so its automatic one is off. */
export function loggerParams(level: string, destination: DestinationStream | undefined): Params {
  const pinoHttp = {
    ...pinoOptions(level),
    autoLogging: false,
    quietReqLogger: true,
    genReqId: (request: IncomingMessage) => request.id,
    customAttributeKeys: { reqId: 'requestId' },
  };
  return { pinoHttp: destination === undefined ? pinoHttp : [pinoHttp, destination], assignResponse: false };
}
