import { Conflict } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';

/** As `answered` does for AWS: what a cluster refuses for good (credentials, permissions) is the present state's fault, not an outage. */
export async function reached<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw clusterRefusal(error);
  }
}

export function clusterRefusal(error: unknown): unknown {
  if (!(error instanceof ExternalFailure) || error.kind === 'transient') return error;
  return new Conflict(
    'ClusterRefused',
    `the cluster refused: ${error.code}: ${error.message}; check the cluster (:check) and its credentials`,
    { code: error.code },
  );
}
