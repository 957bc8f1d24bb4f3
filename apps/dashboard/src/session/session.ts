import { useSyncExternalStore } from 'react';

/** In this tab only, so that closing it signs out; "keep me signed in" puts it into the browser's own store. */
const key = 'sluice.token';

export interface Session {
  readonly token: string | null;
  /** Why somebody was signed out. */
  readonly notice: string | null;
}

let session: Session = { token: fromFragment() ?? stored(), notice: null };
const listeners = new Set<() => void>();

/** `#token=…` signs in once; it is taken out of the address at once, and out of the history with it. */
function fromFragment(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  sessionStorage.setItem(key, token);
  return token;
}

function stored(): string | null {
  return sessionStorage.getItem(key) ?? localStorage.getItem(key);
}

function change(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

export function signIn(token: string, keep: boolean): void {
  (keep ? localStorage : sessionStorage).setItem(key, token);
  change({ token, notice: null });
}

export function signOut(notice: string | null = null): void {
  sessionStorage.removeItem(key);
  localStorage.removeItem(key);
  change({ token: null, notice });
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

window.addEventListener('hashchange', () => {
  const token = fromFragment();
  if (token !== null) change({ token, notice: null });
});
