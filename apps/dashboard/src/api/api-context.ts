import { createContext, use } from 'react';
import type { Api } from './api.js';

export const ApiContext = createContext<Api | null>(null);

/** The API with the token of the person who is signed in. */
export function useApi(): Api {
  const api = use(ApiContext);
  if (api === null) throw new Error('useApi is for signed-in pages');
  return api;
}
