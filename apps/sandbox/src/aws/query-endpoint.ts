import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from './aws-error.js';
import type { ActionHandler, Call } from './call.js';
import { ec2Actions } from './ec2.js';
import { elbv2Actions } from './elbv2.js';
import { type AwsFaults, throttling } from './aws-faults.js';
import type { Caller, Identities } from './identities.js';
import type { Limits } from './limits.js';
import { Params } from './params.js';
import { loggable, type RequestLog } from './request-log.js';
import type { StaleReads } from './stale-reads.js';
import type { StateStore } from './state-store.js';
import { subjectsOf, type TrafficLog, weightsOf } from './traffic-log.js';
import { ec2Error, ec2Reply, queryError, queryReply } from './xml.js';

export interface EndpointParts {
  readonly store: StateStore;
  readonly identities: Identities;
  readonly faults: AwsFaults;
  readonly staleReads: StaleReads;
  readonly limits: Limits;
  readonly log: RequestLog;
  readonly traffic: TrafficLog;
  readonly nowMs: () => number;
  /** Called after each change that took effect, in this account. */
  readonly changed: (account: string) => void;
}

interface Service {
  readonly namespace: string;
  readonly actions: Readonly<Record<string, ActionHandler>>;
}

/** A call and how it went. */
interface Seen {
  readonly form: URLSearchParams;
  readonly action: string;
  readonly handler: ActionHandler;
  readonly caller: Caller;
  readonly requestId: string;
  readonly atMs: number;
  readonly outcome: string;
  readonly accessKeyId: string;
}

const ec2Version = '2016-11-15';
const stsVersion = '2011-06-15';
const maxBodyBytes = 1024 * 1024;
const stsNamespace = 'https://sts.amazonaws.com/doc/2011-06-15/';
const elbNamespace = 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/';

/** Answers AWS Query calls: POST with a form, signed with Signature Version 4; the service is told by its API version. */
export class QueryEndpoint {
  private readonly services: ReadonlyMap<string, Service>;

  constructor(private readonly parts: EndpointParts) {
    this.services = new Map([
      ['2015-12-01', { namespace: elbNamespace, actions: elbv2Actions }],
      [ec2Version, { namespace: '', actions: ec2Actions }],
      [stsVersion, { namespace: stsNamespace, actions: {} }],
    ]);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const form = new URLSearchParams(await readBody(request));
    const version = form.get('Version') ?? '';
    try {
      const body = await this.answer(form, request, requestId);
      if (body === 'dropped') request.socket.destroy();
      else send(response, 200, body, requestId);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      send(
        response,
        error.status,
        version === ec2Version
          ? ec2Error(error, requestId)
          : queryError(this.services.get(version)?.namespace ?? elbNamespace, error, requestId),
        requestId,
      );
    }
  }

  private async answer(form: URLSearchParams, request: IncomingMessage, requestId: string): Promise<string> {
    const { identities, faults, limits, nowMs } = this.parts;
    const atMs = nowMs();
    const action = form.get('Action') ?? '';
    const version = form.get('Version') ?? '';
    const caller = identities.identify(request.headers, atMs);
    if (!caller.internal) await faults.delay(action, caller);
    const handler = this.handler(action, version, caller);
    const latencyMs = caller.internal ? 0 : limits.latencyMs(caller.account, handler.bucket);
    if (latencyMs > 0) await sleep(latencyMs);
    const logged = (outcome: string): Promise<void> =>
      this.log({ form, action, handler, caller, requestId, atMs, outcome, accessKeyId: accessKeyOf(request) });
    const lateMs = caller.internal ? undefined : faults.lateByMs(action, handler, caller);
    if (lateMs !== undefined) {
      setTimeout(
        () =>
          void this.perform(action, handler, form, caller).then(
            () => logged('Late'),
            (error: unknown) => logged(error instanceof AwsError ? error.code : 'InternalFailure'),
          ),
        lateMs,
      ).unref();
      return 'dropped';
    }
    try {
      const result = await this.perform(action, handler, form, caller);
      const dropped = !caller.internal && faults.dropsReply(action, handler, caller);
      await logged(dropped ? 'Dropped' : 'OK');
      if (dropped) return 'dropped';
      return version === ec2Version
        ? ec2Reply(action, result, requestId)
        : queryReply(
            this.services.get(version)?.namespace ?? '',
            action,
            caller.internal ? result : faults.shown(result),
            requestId,
          );
    } catch (error) {
      if (error instanceof AwsError) await logged(error.code);
      throw error;
    }
  }

  /** Reads go to the memory, changes to the file as well. */
  private async log(seen: Seen): Promise<void> {
    const { log, traffic, nowMs } = this.parts;
    const { form, action, handler, caller, requestId, atMs, outcome, accessKeyId } = seen;
    if (caller.internal) return;
    const { account, regionName: region } = caller;
    traffic.add({
      atMs,
      doneMs: nowMs(),
      account,
      region,
      accessKeyId,
      action,
      mutates: handler.mutates,
      throttled: outcome === throttling().code,
      outcome,
      subjects: subjectsOf(form),
      weights: handler.mutates ? weightsOf(form) : undefined,
    });
    if (!handler.mutates) return;
    const params = loggable(form);
    await log.append({
      arrivedMs: atMs,
      atMs: nowMs(),
      requestId,
      account,
      region,
      accessKeyId,
      action,
      params,
      outcome,
    });
  }

  private async perform(
    action: string,
    handler: ActionHandler,
    form: URLSearchParams,
    caller: Caller,
  ): Promise<object> {
    const { store, faults, staleReads, limits, nowMs, changed } = this.parts;
    const { account, regionName } = caller;
    if (!caller.internal) {
      if (!limits.take(account, regionName, handler.bucket, nowMs())) throw throttling();
      faults.refuse(action, caller, nowMs());
    }
    const stale = handler.mutates || caller.internal ? undefined : staleReads.read(account, regionName);
    const call: Call = {
      params: Params.parse(form),
      account,
      regionName,
      region: stale ?? store.region(account, regionName),
      nowMs: nowMs(),
    };
    const result = handler.run(call);
    if (handler.mutates) {
      changed(account);
      await store.save();
    }
    return result;
  }

  private handler(action: string, version: string, caller: Caller): ActionHandler {
    const service = this.services.get(version);
    const found =
      version === stsVersion
        ? this.stsAction(action, caller)
        : service && Object.hasOwn(service.actions, action)
          ? service.actions[action]
          : undefined;
    if (found === undefined)
      throw new AwsError(
        'InvalidAction',
        `The action ${action} is not valid for API version ${version}, or not part of the sandbox`,
      );
    return found;
  }

  private stsAction(action: string, caller: Caller): ActionHandler | undefined {
    const { identities } = this.parts;
    if (action === 'GetCallerIdentity')
      return {
        bucket: 'none',
        mutates: false,
        run: () => ({ UserId: caller.userId, Account: caller.account, Arn: caller.arn }),
      };
    if (action === 'AssumeRole')
      return {
        bucket: 'none',
        mutates: true,
        run: ({ params, nowMs }) => identities.assumeRole(params, caller, nowMs),
      };
    return undefined;
  }
}

const accessKeyOf = ({ headers }: IncomingMessage): string =>
  /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '';

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: string, requestId: string): void {
  response.writeHead(status, {
    'content-type': 'text/xml',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': requestId,
  });
  response.end(body);
}
