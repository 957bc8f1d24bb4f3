import { SluiceProblem, type Event } from '@sluice/contracts';
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import { signOut } from '../session/session.js';
import { useApi } from './api-context.js';

/** `lost`: what is shown may be old since `sinceMs`; it is tried again by itself. */
export type Live =
  { readonly state: 'connecting' } | { readonly state: 'live' } | { readonly state: 'lost'; readonly sinceMs: number };

const LiveContext = createContext<Live>({ state: 'connecting' });
export const useLive = () => use(LiveContext);

/** Keeps one event stream open and asks again for what an event says has changed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const api = useApi();
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting' });
  useEffect(() => {
    const stop = new AbortController();
    const onState = (state: 'open' | 'lost') => {
      if (stop.signal.aborted) return;
      setLive((before) =>
        state === 'open'
          ? { state: 'live' }
          : before.state === 'lost'
            ? before
            : { state: 'lost', sinceMs: Date.now() },
      );
      if (state === 'open') void queries.invalidateQueries();
    };
    const follow = async () => {
      for await (const event of api.events({ signal: stop.signal, onState })) refresh(queries, event);
    };
    follow().catch((error: unknown) => {
      if (error instanceof SluiceProblem && error.status === 401) signOut('This token is not valid any more.');
      else onState('lost');
    });
    return () => stop.abort();
  }, [api, queries]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

function refresh(queries: QueryClient, event: Event): void {
  const [kind, id] = event.subject.split('/');
  if (kind === 'rollout') {
    void queries.invalidateQueries({ queryKey: ['rollouts'] });
    void queries.invalidateQueries({ queryKey: ['rollout', id] });
  }
  // a rollout that changed its mind has just looked at its routes
  if (kind === 'rollout') void queries.invalidateQueries({ queryKey: ['route'] });
  if (kind === 'route') void queries.invalidateQueries({ queryKey: ['route', id] });
}
