import { useSyncExternalStore } from 'react';

const key = 'sluice.project';
const listeners = new Set<() => void>();

/** The project that was chosen last in this browser; `undefined` = all. */
export function useChosenProject(): string | undefined {
  return useSyncExternalStore(subscribe, () => localStorage.getItem(key) ?? undefined);
}

export function chooseProject(id: string | undefined): void {
  if (id === undefined) localStorage.removeItem(key);
  else localStorage.setItem(key, id);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
