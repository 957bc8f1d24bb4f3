import { arnsPerRequest, ExternalFailure, type ExternalFailureLike } from '@sluice/control';

export type Outcome<Found> = Found | ExternalFailure;

/**
 * Looks things up by ARN, as many a call as AWS takes. One that AWS does not know fails its whole call: such a batch is
 * halved until the culprit stands alone, and only it fails. Every ARN has an outcome.
 */
export async function lookUp<Found>(
  arns: Iterable<string>,
  fetch: (arns: string[]) => Promise<ReadonlyMap<string, Outcome<Found>>>,
): Promise<Map<string, Outcome<Found>>> {
  const distinct = [...new Set(arns)];
  const outcomes = new Map<string, Outcome<Found>>();
  for (let from = 0; from < distinct.length; from += arnsPerRequest) {
    for (const [arn, outcome] of await lookUpBatch(distinct.slice(from, from + arnsPerRequest), fetch))
      outcomes.set(arn, outcome);
  }
  return outcomes;
}

async function lookUpBatch<Found>(
  arns: string[],
  fetch: (arns: string[]) => Promise<ReadonlyMap<string, Outcome<Found>>>,
): Promise<Map<string, Outcome<Found>>> {
  try {
    return new Map(await fetch(arns));
  } catch (error) {
    if (!(error instanceof ExternalFailure)) throw error;
    if (arns.length === 1 || !error.code.endsWith('NotFound')) return new Map(arns.map((arn) => [arn, error]));
    const half = Math.ceil(arns.length / 2);
    const first = await lookUpBatch(arns.slice(0, half), fetch);
    const second = await lookUpBatch(arns.slice(half), fetch);
    return new Map([...first, ...second]);
  }
}

/** The outcome of something that may fail with an `ExternalFailure`. */
export function attempt<One>(work: () => One): Outcome<One> {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExternalFailure) return error;
    throw error;
  }
}

/** Outcomes as the port gives them. */
export function asReplies<One>(
  outcomes: ReadonlyMap<string, Outcome<One>>,
): ReadonlyMap<string, One | ExternalFailureLike> {
  return new Map([...outcomes].map(([arn, one]) => [arn, one instanceof ExternalFailure ? { failure: one } : one]));
}
