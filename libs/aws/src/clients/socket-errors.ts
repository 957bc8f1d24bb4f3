import type { MiddlewareStack } from '@smithy/types';

/**
 * Keeps the code of socket errors (`ECONNRESET` …). The SDK drops it where Node's own errors are of another realm than
 * its code (vm contexts, as test runners and some hosts use them), and the code decides whether a write may have happened.
 */
export function keepSocketErrors<Input extends object, Output extends object>(
  stack: MiddlewareStack<Input, Output>,
): void {
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
}

function ofThisRealm(error: unknown): unknown {
  if (error instanceof Error || typeof error !== 'object' || error === null) return error;
  const fields = Object.fromEntries(
    ['name', 'message', 'code', 'errno', 'syscall'].map((key) => [key, Reflect.get(error, key)]),
  );
  return Object.assign(new Error(String(fields['message']), { cause: error }), fields);
}
