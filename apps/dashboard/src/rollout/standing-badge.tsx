import type { Rollout } from '@sluice/contracts';
import { lookOf } from './route-looks.js';
import type { Standing } from './route-standing.js';

export function StandingBadge({ rollout, standing }: { rollout: Rollout; standing: Standing }) {
  const { words, tone, icon: Icon } = lookOf(rollout, standing);
  return (
    <span className={`badge ${tone}`}>
      <Icon size={14} aria-hidden /> {words}
    </span>
  );
}
