import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';

type Pluggable = Parameters<ElasticLoadBalancingV2Client['middlewareStack']['use']>[0];

/**
 * Keeps the code of socket errors (`ECONNRESET` …). The SDK drops it where Node's own errors are of another realm than
 * its code (vm contexts, as test runners and some hosts use them), and the code decides whether a write may have happened.
 */
export const keepSocketErrors: Pluggable = {
  applyToStack: (stack) => {
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw ofThisRealm(error);
        }
      },
      { name: 'keepSocketErrors', step: 'deserialize', priority: 'low' },
    );
  },
};

function ofThisRealm(error: unknown): unknown {
  if (error instanceof Error || typeof error !== 'object' || error === null) return error;
  const fields = Object.fromEntries(
    ['name', 'message', 'code', 'errno', 'syscall'].map((key) => [key, Reflect.get(error, key)]),
  );
  return Object.assign(new Error(String(fields['message']), { cause: error }), fields);
}
