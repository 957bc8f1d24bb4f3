import type { Rollout } from '@sluice/contracts';
import { useGateway } from '../api/queries.js';
import { durationText } from '../format/time.js';
import { lookOf } from './route-looks.js';
import type { Standing } from './route-standing.js';

/** From what is done to what needs a person, as the bar grows. */
const inBar: readonly Standing[] = [
  'verified',
  'writing',
  'queued',
  'toCome',
  'notReached',
  'left',
  'waiting',
  'ill',
  'differs',
  'failed',
];

interface Props {
  readonly rollout: Rollout;
  readonly counts: ReadonlyMap<Standing, number>;
}

/** The step over all routes as one bar; its legend filters the list below. */
export function StepProgress({
  rollout,
  counts,
  chosen,
  onChoose,
}: Props & { chosen: Standing | undefined; onChoose: (standing: Standing | undefined) => void }) {
  const parts = inBar.flatMap((standing) => {
    const count = counts.get(standing) ?? 0;
    return count === 0 ? [] : [{ standing, count, ...lookOf(rollout, standing) }];
  });
  return (
    <div className="step-progress">
      <div
        className="progress-bar"
        role="img"
        aria-label={parts.map(({ count, words }) => `${count} ${words}`).join(', ')}
      >
        {parts.map(({ standing, count, tone }) => (
          <span key={standing} className={`${tone} ${standing}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <div className="progress-legend" role="group" aria-label="Show only">
        {parts.map(({ standing, count, words, tone }) => (
          <button
            key={standing}
            type="button"
            className={`chip ${tone}`}
            aria-pressed={chosen === standing}
            onClick={() => onChoose(chosen === standing ? undefined : standing)}
          >
            <span className={`chip-dot ${tone} ${standing}`} aria-hidden />
            <strong className="num">{count}</strong> {words}
          </button>
        ))}
      </div>
    </div>
  );
}

/** How long the writes that are still to go will take at what AWS gives, where all go through one account. */
export function TimeToGo({ rollout, counts }: Props) {
  const [accountId, ...others] = new Set(rollout.plan.routes.map((route) => route.accountId));
  const count = (counts.get('writing') ?? 0) + (counts.get('queued') ?? 0);
  if (accountId === undefined || others.length > 0 || count === 0) return null;
  return <TimeOfWrites accountId={accountId} count={count} />;
}

function TimeOfWrites({ accountId, count }: { accountId: string; count: number }) {
  const writes = useGateway(accountId).data?.gateway?.spending?.writes;
  if (writes === undefined || writes.allowedPerSecond <= 0) return null;
  const seconds = Math.max(1, Math.round(count / writes.allowedPerSecond));
  return (
    <span className="muted num">
      {count} to write: about {durationText(seconds * 1_000)}
    </span>
  );
}
