import {
  Http,
  followEvents,
  type AccountGateway,
  type BodyReader,
  type Event,
  type EventsOptions,
  type Project,
  type Rollout,
  type RolloutProgress,
  type RolloutSummary,
  type RolloutTimeline,
  type RolloutVerb,
  type RouteLive,
  type RouteTargetHealth,
  type SluiceClient,
} from '@sluice/contracts';
import { noteServerTime } from './server-clock.js';

/**
 * Replies are believed: this page was brought along by the server that gives them, built from the same contracts.
 * Checking them here too would cost 38 KB of schemas (gzip) at every first load.
 */
const trusted = <T>(): BodyReader<T> => ({ safeParse: (body) => ({ success: true, data: body as T }) });

type WhoAmI = Awaited<ReturnType<SluiceClient['whoAmI']>>;

interface PageOf<T> {
  readonly items: T[];
  readonly next: string | null;
}

interface Press {
  readonly reason: string | undefined;
  /** The version that the person looked at. */
  readonly ifVersion: number | undefined;
  /** advance: the step whose hold the person saw. */
  readonly stepIndex: number | undefined;
}

/** What this dashboard asks of the API. Errors are `SluiceProblem` and `SluiceUnreachable`. */
export class Api {
  readonly #http: Http;
  constructor(token: string) {
    this.#http = new Http({ baseUrl: location.origin, token, fetch: timedFetch });
  }

  whoAmI = (signal: AbortSignal) => this.#get<WhoAmI>('/v1/whoami', signal);
  projects = (signal: AbortSignal) => this.#get<PageOf<Project>>('/v1/projects', signal, { limit: 200 });
  rollouts = (projectId: string | undefined, signal: AbortSignal) =>
    this.#get<PageOf<RolloutSummary>>('/v1/rollouts', signal, { projectId, limit: 100 });
  rollout = (id: string, signal: AbortSignal) => this.#get<Rollout>(`/v1/rollouts/${encodeURIComponent(id)}`, signal);
  progress = (id: string, signal: AbortSignal) =>
    this.#get<RolloutProgress>(`/v1/rollouts/${encodeURIComponent(id)}/progress`, signal);
  timeline = (id: string, routeId: string, signal: AbortSignal) =>
    this.#get<RolloutTimeline>(`/v1/rollouts/${encodeURIComponent(id)}/timeline`, signal, { routeId });
  gateway = (accountId: string, signal: AbortSignal) =>
    this.#get<AccountGateway>(`/v1/accounts/${accountId}/gateway`, signal);
  live = (routeId: string, signal: AbortSignal) => this.#get<RouteLive>(`/v1/routes/${routeId}/live`, signal);
  targetHealth = (routeId: string, signal: AbortSignal) =>
    this.#get<RouteTargetHealth>(`/v1/routes/${routeId}/target-health`, signal);

  press(rolloutId: string, verb: RolloutVerb, { reason, ifVersion, stepIndex }: Press): Promise<Rollout> {
    const options = ifVersion === undefined ? {} : { ifVersion };
    return this.#http.call(trusted<Rollout>(), {
      method: 'POST',
      path: `/v1/rollouts/${rolloutId}:${verb}`,
      body: reason === undefined && stepIndex === undefined ? undefined : { reason, stepIndex },
      options,
    });
  }

  events(options: EventsOptions): AsyncGenerator<Event, void, void> {
    return followEvents(this.#http, trusted<Event>(), options);
  }

  #get<T>(
    path: string,
    signal: AbortSignal,
    query: Readonly<Record<string, string | number | undefined>> = {},
  ): Promise<T> {
    return this.#http.call(trusted<T>(), { method: 'GET', path, query, options: { signal } });
  }
}

const timedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  noteServerTime(response.headers.get('date'));
  return response;
};
