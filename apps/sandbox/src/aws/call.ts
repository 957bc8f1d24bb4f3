import type { RegionState } from './model.js';
import type { Params } from './params.js';

/** One call as an action sees it: who calls and where is settled, the parameters are read but not judged. */
export interface Call {
  readonly params: Params;
  readonly account: string;
  readonly regionName: string;
  readonly region: RegionState;
  readonly nowMs: number;
}

/** Which token bucket a call draws from; the three of the load balancing API, or none (EC2, STS). */
export type Bucket = 'describe' | 'modify' | 'register' | 'none';

/** An action of the API. It checks everything before it changes anything, so that a refusal leaves the state as it was. */
export interface ActionHandler {
  readonly bucket: Bucket;
  readonly mutates: boolean;
  readonly run: (call: Call) => object;
}

export function describes(run: ActionHandler['run']): ActionHandler {
  return { bucket: 'describe', mutates: false, run };
}

export function modifies(run: ActionHandler['run']): ActionHandler {
  return { bucket: 'modify', mutates: true, run };
}

export function registers(run: ActionHandler['run']): ActionHandler {
  return { bucket: 'register', mutates: true, run };
}
