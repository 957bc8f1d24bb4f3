import type { Change } from '../rollout/change.js';
import { expectedOf } from '../rollout/progress.js';
import type { FrozenRoute, Rollout } from '../rollout/types.js';
import { groupsToWatch } from './groups-to-watch.js';

/** Whether others have to be looked at after a change: its routes come or go, it turns round, or a step raises other target groups. */
export function watchesOthers(rollout: Rollout, change: Change): boolean {
  const { state, stepIndex } = change.rollout;
  if (change.claims !== 'keep' || (state !== undefined && state !== rollout.state)) return true;
  if (stepIndex === undefined || stepIndex === rollout.stepIndex) return false;
  return rollout.plan.routes.some(
    (route) => watchedIn(rollout, route, stepIndex) !== watchedIn(rollout, route, rollout.stepIndex),
  );
}

function watchedIn(rollout: Rollout, route: FrozenRoute, stepIndex: number): string {
  const shares = (index: number) => rollout.plan.steps[index]?.shares ?? null;
  const groups = groupsToWatch({
    isGoingBack: rollout.state === 'RollingBack',
    backends: route.backends,
    baseline: route.baseline,
    expected: expectedOf(rollout, route),
    before: shares(stepIndex - 1),
    current: shares(stepIndex),
    next: shares(stepIndex + 1),
  });
  return groups.map((group) => `${group.as} ${group.targetGroupArn}`).join('\n');
}
