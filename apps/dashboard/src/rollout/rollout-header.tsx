import type { Rollout } from '@sluice/contracts';
import { Link } from 'wouter';
import { useProjects } from '../api/queries.js';
import { actorText } from '../format/text.js';
import { durationText, whenText } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { StateBadge } from './state-badge.js';
import { hasEnded } from './ended.js';
import { VerbBar } from './verb-bar.js';

export function RolloutHeader({ rollout }: { rollout: Rollout }) {
  const project = useProjects().data?.items.find(({ id }) => id === rollout.projectId);
  return (
    <header className="page-head">
      <div className="page-title">
        <nav aria-label="Where you are" className="muted small crumbs">
          <Link href="/rollouts">Rollouts</Link> <span aria-hidden>/</span> {project?.name ?? '…'}
        </nav>
        <h1>
          {rollout.name} <StateBadge state={rollout.state} large />
        </h1>
        <p className="muted facts">
          <span className="num">
            {rollout.stepIndex < 0
              ? `${rollout.stepCount} steps`
              : `step ${rollout.stepIndex + 1} of ${rollout.stepCount}`}
          </span>
          <span>
            project <strong>{project?.name ?? rollout.projectId}</strong>
          </span>
          <span>plan version {rollout.planVersion}</span>
          <Times rollout={rollout} />
          <span>by {actorText(rollout.createdBy)}</span>
        </p>
      </div>
      <VerbBar rollout={rollout} />
    </header>
  );
}

function Times({ rollout: { startedAt, finishedAt, createdAt, state } }: { rollout: Rollout }) {
  const now = useNow(5_000, !hasEnded(state));
  if (startedAt === null) return <span>created {whenText(Date.parse(createdAt), now)}</span>;
  const started = Date.parse(startedAt);
  if (finishedAt === null)
    return (
      <span className="num">
        started {whenText(started, now)}, {durationText(Math.floor((now - started) / 5_000) * 5_000)} ago
      </span>
    );
  return (
    <span className="num">
      {whenText(started, now)} to {whenText(Date.parse(finishedAt), now)},{' '}
      {durationText(Date.parse(finishedAt) - started)}
    </span>
  );
}
