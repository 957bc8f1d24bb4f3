import { ExternalFailure } from '@sluice/control';
import { arnsPerCall } from './paging.js';

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
  for (let from = 0; from < distinct.length; from += arnsPerCall) {
    for (const [arn, outcome] of await lookUpBatch(distinct.slice(from, from + arnsPerCall), fetch))
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
