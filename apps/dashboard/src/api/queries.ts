import type { Rollout, RolloutVerb } from '@sluice/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { hasEnded } from '../rollout/ended.js';
import { useApi } from './api-context.js';
import { useLive } from './live.js';

/** Nobody tells of a target's health, so the last look at the chosen route is asked for while somebody watches. */
const healthEveryMs = 5_000;
/** Nothing happens when a bake is over, but rollback is no longer allowed. */
const bakeEveryMs = 15_000;
/** Without the event stream everything is asked for, less often. */
const withoutStreamMs = 5_000;

function usePace(): number | false {
  return useLive().state === 'lost' ? withoutStreamMs : false;
}

export function useWhoAmI() {
  const api = useApi();
  return useQuery({ queryKey: ['whoami'], queryFn: ({ signal }) => api.whoAmI(signal), staleTime: Infinity });
}

export function useProjects() {
  const api = useApi();
  return useQuery({ queryKey: ['projects'], queryFn: ({ signal }) => api.projects(signal) });
}

/** Newest first; `undefined` = of every project. */
export function useRollouts(projectId: string | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ['rollouts', projectId ?? 'all'],
    queryFn: ({ signal }) => api.rollouts(projectId, signal),
    refetchInterval: usePace(),
  });
}

export function useRollout(id: string) {
  const api = useApi();
  const pace = usePace();
  return useQuery({
    queryKey: ['rollout', id],
    queryFn: ({ signal }) => api.rollout(id, signal),
    refetchInterval: ({ state: { data } }) =>
      data?.state === 'Succeeded' && data.allowedVerbs.length > 0 ? bakeEveryMs : pace,
  });
}

/** How it went over all its routes. */
export function useProgress(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['rollout', id, 'progress'],
    queryFn: ({ signal }) => api.progress(id, signal),
    refetchInterval: usePace(),
  });
}

/** How it went on one route. */
export function useRouteTimeline(id: string, routeId: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['rollout', id, 'timeline', routeId],
    queryFn: ({ signal }) => api.timeline(id, routeId, signal),
    refetchInterval: usePace(),
  });
}

/** What is spent of AWS's limits, as the gateway's owner publishes it every few seconds. */
export function useGateway(accountId: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['gateway', accountId],
    queryFn: ({ signal }) => api.gateway(accountId, signal),
    refetchInterval: healthEveryMs,
  });
}

export function useRouteLive(routeId: string, rollout: Rollout) {
  const api = useApi();
  return useQuery({
    queryKey: ['route', routeId, 'live'],
    queryFn: ({ signal }) => api.live(routeId, signal),
    refetchInterval: hasEnded(rollout.state) ? 30_000 : healthEveryMs,
  });
}

export function useTargetHealth(routeId: string, rollout: Rollout) {
  const api = useApi();
  return useQuery({
    queryKey: ['route', routeId, 'health'],
    queryFn: ({ signal }) => api.targetHealth(routeId, signal),
    refetchInterval: hasEnded(rollout.state) ? 30_000 : healthEveryMs,
  });
}

interface Pressed {
  readonly verb: RolloutVerb;
  readonly reason: string | undefined;
  readonly ifVersion: number | undefined;
  readonly stepIndex: number | undefined;
}

/** Presses a verb; the answer is the rollout as it is then. */
export function usePressVerb(id: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, ...press }: Pressed) => api.press(id, verb, press),
    onSuccess: (rollout) => queries.setQueryData(['rollout', id], rollout),
    onSettled: () => queries.invalidateQueries({ queryKey: ['rollout', id] }),
  });
}
