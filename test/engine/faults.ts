import { ExternalFailure, type ActionRead, type ExternalFailureLike, type LoadBalancer } from '@sluice/control';
import type { EngineWorld } from './harness.js';

/** A promise and how to end it. */
export function event() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** As the AWS adapter would throw it. */
export const failure = (kind: 'transient' | 'terminal', code: string, message = 'no answer', ambiguous = false) =>
  new ExternalFailure({ system: 'aws', kind, code, message, ambiguous });

/** Puts something in front of a call of the load balancer. */
export function around<K extends 'readActions' | 'writeWeights' | 'targetHealth' | 'ownershipOfRoutes'>(
  { loadBalancer }: EngineWorld,
  method: K,
  make: (original: LoadBalancer[K]) => LoadBalancer[K],
): void {
  Object.assign(loadBalancer, { [method]: make(loadBalancer[method].bind(loadBalancer) as LoadBalancer[K]) });
}

/**
 * What single routes show, whatever request they are read by: `see` gets what AWS would say, and may say something else
 * or throw an `ExternalFailure`, which becomes that route's place in the reply.
 */
export function seeingRoutes(world: EngineWorld, see: (arn: string, read: ActionRead) => ActionRead): void {
  around(world, 'readActions', (original) => async (...call) => {
    const seen = await original(...call);
    return new Map(
      [...seen].map(([arn, read]): [string, ActionRead | ExternalFailureLike] => {
        if ('failure' in read) return [arn, read];
        try {
          return [arn, see(arn, read)];
        } catch (error) {
          if (error instanceof ExternalFailure) return [arn, { failure: error }];
          throw error;
        }
      }),
    );
  });
}

/** Requests that name one of these routes get no answer until `release`; a caller that gives up is let go. */
export function hangingRoutes(world: EngineWorld, hangs: (arn: string) => boolean) {
  const { promise, resolve } = event();
  let isHanging = true;
  around(world, 'readActions', (original) => async (access, request, options) => {
    const arns = request.kind === 'rules' ? request.ruleArns : 'listenerArns' in request ? request.listenerArns : [];
    if (isHanging && arns.some(hangs)) await Promise.race([promise, givenUp(options?.signal, options?.timeoutMs)]);
    return original(access, request, options);
  });
  return {
    release: () => {
      isHanging = false;
      resolve();
    },
  };
}

/** As a socket does: it ends with the caller's patience. */
function givenUp(signal: AbortSignal | undefined, timeoutMs: number | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timedOut = () => reject(failure('transient', 'Timeout'));
    signal?.addEventListener('abort', timedOut);
    if (timeoutMs !== undefined) setTimeout(timedOut, timeoutMs).unref();
  });
}
