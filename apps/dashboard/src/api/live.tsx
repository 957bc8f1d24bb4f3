import { SluiceProblem, type Event } from '@sluice/contracts';
import { useQueryClient, type QueryClient, type QueryKey } from '@tanstack/react-query';
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
    const gathered = gathering(queries);
    const follow = async () => {
      for await (const event of api.events({ signal: stop.signal, onState })) gathered.note(event);
    };
    follow().catch((error: unknown) => {
      if (error instanceof SluiceProblem && error.status === 401) signOut('This token is not valid any more.');
      else onState('lost');
    });
    return () => {
      stop.abort();
      gathered.stop();
    };
  }, [api, queries]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

/** A step over a hundred routes tells hundreds of things within seconds: what they name is read again at most this often. */
const gatherMs = 500;

/** Gathers what events name, and marks it stale together. */
function gathering(queries: QueryClient) {
  const stale = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const queryKey of stale.values()) void queries.invalidateQueries({ queryKey }, { cancelRefetch: false });
    stale.clear();
  };
  return {
    note(event: Event): void {
      for (const key of keysOf(event)) stale.set(key.join('/'), key);
      if (stale.size > 0) timer ??= setTimeout(flush, gatherMs);
    },
    stop: () => clearTimeout(timer),
  };
}

function keysOf({ subject }: Event): readonly (readonly string[])[] {
  const [kind, id = ''] = subject.split('/');
  if (kind === 'rollout') return [['rollouts'], ['rollout', id]];
  return kind === 'route' ? [['route', id]] : [];
}
