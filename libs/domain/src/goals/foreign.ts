import type { Weights } from '../weights/types.js';
import { refused, type Refused } from './wanted.js';

interface Owned {
  readonly backends: readonly { readonly targetGroupArn: string }[];
  readonly pinned: readonly string[];
}

/** Target groups in these weights that are neither a backend of the route nor pinned, each once. */
export function foreignTargetGroups(route: Owned, ...all: readonly Weights[]): readonly string[] {
  const known = new Set([...route.pinned, ...route.backends.map((backend) => backend.targetGroupArn)]);
  return [...new Set(all.flat().map((one) => one.targetGroupArn))].filter((arn) => !known.has(arn));
}

/** Rule 8: a foreign target group blocks the route until a person pins it; null where there is none. */
export function refuseForeign(route: Owned, ...all: readonly Weights[]): Refused | null {
  const foreign = foreignTargetGroups(route, ...all);
  if (foreign.length === 0) return null;
  return refused(
    'ForeignTargetGroup',
    `Target groups that are neither backends of this route nor pinned are in the action: ${foreign.join(', ')}. Pin them on the route, or make them backends.`,
  );
}
