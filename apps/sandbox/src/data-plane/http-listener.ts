import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { NetworkView } from '../shared/network-view.js';
import { chooseGroup, type RoundRobin, weightedGroups } from './choose.js';
import { decodePin, encodePin, readCookie, setCookies } from './cookies.js';
import type { Forwarder } from './forwarder.js';
import { compileConditions, type Matcher, type RequestFacts } from './match.js';
import { answerFixed, answerPage, answerRedirect } from './own-answers.js';
import type { ListenerRouting, Receiver, TargetGroupRouting } from './routing.js';
import { tunnel } from './tunnel.js';

export interface ListenerParts {
  readonly network: NetworkView;
  readonly forwarder: Forwarder;
  readonly roundRobin: RoundRobin;
  readonly targetGroup: (arn: string) => TargetGroupRouting | undefined;
  /** Takes over what AWS says now, or gives up after a moment. */
  readonly lookAgain: () => Promise<void>;
}

/** One HTTP(S) listener as a local HTTP server. TLS is not spoken: an HTTPS listener is served in the clear. */
export class HttpListener {
  readonly server: Server;
  private rules: readonly { matches: Matcher; action: Action }[] = [];
  private routing: ListenerRouting;

  constructor(
    routing: ListenerRouting,
    private readonly parts: ListenerParts,
  ) {
    this.routing = routing;
    this.update(routing);
    this.server = createServer(
      { keepAliveTimeout: 60_000 },
      (request, response) => void this.handle(request, response),
    );
    this.server.on(
      'upgrade',
      (request: IncomingMessage, client: Duplex, head: Buffer) => void this.upgrade(request, client, head),
    );
  }

  /** From the next request on. */
  update(routing: ListenerRouting): void {
    this.routing = routing;
    this.rules = routing.rules.map((rule) => ({ matches: compileConditions(rule.conditions), action: rule.action }));
  }

  private async handle(request: IncomingMessage, response: ServerResponse, isLookedUp = false): Promise<void> {
    const facts = factsOf(request);
    const action = this.actionFor(facts);
    if (action?.Type === 'fixed-response') return answerFixed(response, action.FixedResponseConfig ?? {});
    if (action?.Type === 'redirect') return answerRedirect(response, action.RedirectConfig ?? {}, facts, this.routing);
    if (action?.Type !== 'forward') return answerPage(response, 503);
    const cookies: string[] = [];
    const receiver = this.choose(action, request, cookies);
    if (receiver !== undefined) return this.forward(receiver, cookies, request, response);
    if (isLookedUp) return answerPage(response, 503);
    // whoever saw the first target healthy may ask before the next reading; a real load balancer is what found it healthy
    await this.parts.lookAgain();
    return this.handle(request, response, true);
  }

  private actionFor(facts: RequestFacts): Action | undefined {
    return this.rules.find((rule) => rule.matches(facts))?.action;
  }

  private async forward(
    receiver: Receiver,
    cookies: string[],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const endpoint = await this.parts.network.resolve(receiver.id, receiver.port);
    if (endpoint === undefined) return answerPage(response, 504);
    return this.parts.forwarder.forward(request, response, endpoint, { listener: this.routing, cookies });
  }

  /** A WebSocket or another protocol to change to: the target is chosen as for a request, and keeps the connection. */
  private async upgrade(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const action = this.actionFor(factsOf(request));
    const receiver = action?.Type === 'forward' ? this.choose(action, request, []) : undefined;
    const endpoint = receiver && (await this.parts.network.resolve(receiver.id, receiver.port));
    if (endpoint === undefined)
      client.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else tunnel(request, client, head, endpoint);
  }

  /** The target for a request; what stickiness has to say to the client goes to `cookies`. */
  private choose(action: Action, request: IncomingMessage, cookies: string[]): Receiver | undefined {
    const nowMs = Date.now();
    const groups = weightedGroups(action);
    const stickiness = action.ForwardConfig?.TargetGroupStickinessConfig;
    const pinned = stickiness?.Enabled ? pinnedTo(request, 'AWSALBTG', nowMs) : undefined;
    const chosen = groups.find((group) => group.arn === pinned)?.arn ?? chooseGroup(groups, Math.random());
    const group = chosen === undefined ? undefined : this.parts.targetGroup(chosen);
    if (group === undefined) return undefined;
    if (stickiness?.Enabled) {
      const seconds = stickiness.DurationSeconds ?? 86_400;
      cookies.push(...setCookies('AWSALBTG', encodePin(group.arn, nowMs + seconds * 1000), seconds, nowMs));
    }
    return this.chooseReceiver(group, request, nowMs, cookies);
  }

  private chooseReceiver(
    group: TargetGroupRouting,
    request: IncomingMessage,
    nowMs: number,
    cookies: string[],
  ): Receiver | undefined {
    if (group.stickySeconds === undefined) return this.parts.roundRobin.next(group);
    const pinned = pinnedTo(request, 'AWSALB', nowMs);
    const receiver =
      group.receivers.find((candidate) => `${candidate.id}:${candidate.port}` === pinned) ??
      this.parts.roundRobin.next(group);
    if (receiver !== undefined) {
      cookies.push(
        ...setCookies(
          'AWSALB',
          encodePin(`${receiver.id}:${receiver.port}`, nowMs + group.stickySeconds * 1000),
          group.stickySeconds,
          nowMs,
        ),
      );
    }
    return receiver;
  }
}

function pinnedTo(request: IncomingMessage, name: 'AWSALB' | 'AWSALBTG', nowMs: number): string | undefined {
  const { cookie } = request.headers;
  return decodePin(readCookie(cookie, name) ?? readCookie(cookie, `${name}CORS`), nowMs);
}

function factsOf(request: IncomingMessage): RequestFacts {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  return {
    host: (request.headers.host ?? '').replace(/:\d+$/, ''),
    path,
    query: new URLSearchParams(query),
    method: request.method ?? 'GET',
    headers: request.headers,
    sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
  };
}
