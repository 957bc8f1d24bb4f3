import type { TimelinePoint } from '@sluice/control';
import type { IntentRow } from './rows.js';

/** Planned when decided, verified when settled as applied, in order of time: what the chart draws. */
export function timelinePoints(intents: readonly IntentRow[]): TimelinePoint[] {
  return intents
    .flatMap((intent) => {
      const common = { routeId: intent.route_id, stepIndex: intent.step_index, weights: intent.after };
      const planned: TimelinePoint = { ...common, kind: 'planned', at: intent.created_at.toISOString() };
      const verified: TimelinePoint[] =
        intent.state === 'applied' && intent.settled_at
          ? [{ ...common, kind: 'verified', at: intent.settled_at.toISOString() }]
          : [];
      return [planned, ...verified];
    })
    .sort((a, b) => a.at.localeCompare(b.at));
}
