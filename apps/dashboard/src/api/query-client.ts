import { SluiceProblem } from '@sluice/contracts';
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';

/** `onTokenRefused` hears of any 401. What a person did wrong is not tried again, an outage is. */
export function newQueryClient(onTokenRefused: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof SluiceProblem && error.status === 401) onTokenRefused();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        retry: (count, error) => !(error instanceof SluiceProblem && error.status < 500) && count < 2,
        retryDelay: 1_000,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}
