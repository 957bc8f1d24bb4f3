import type { RolloutState } from '@sluice/contracts';
import { stateLooks } from './states.js';

export function StateBadge({ state, large = false }: { state: RolloutState; large?: boolean }) {
  const { tone, icon: Icon, words, meaning } = stateLooks[state];
  return (
    <span className={`badge ${tone} ${large ? 'large' : ''}`} title={meaning} data-state={state}>
      <Icon size={large ? 18 : 14} aria-hidden /> {words}
    </span>
  );
}
