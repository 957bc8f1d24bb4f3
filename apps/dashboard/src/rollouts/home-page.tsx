import { Redirect } from 'wouter';
import { useRollouts } from '../api/queries.js';
import { hasEnded } from '../rollout/ended.js';
import { useChosenProject } from '../shell/project.js';
import { Failed, Loading } from '../ui/states.js';

/** The newest rollout that is under way, otherwise the list of all. */
export function HomePage() {
  const rollouts = useRollouts(useChosenProject());
  if (rollouts.data === undefined)
    return rollouts.isError ? (
      <Failed what="The rollouts" error={rollouts.error} again={rollouts.refetch} />
    ) : (
      <Loading what="Reading the rollouts" rows={6} />
    );
  const active = rollouts.data.items.find(({ state }) => !hasEnded(state));
  return <Redirect to={active === undefined ? '/rollouts' : `/rollouts/${active.id}`} replace />;
}
