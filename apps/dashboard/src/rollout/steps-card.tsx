import type { Rollout } from '@sluice/contracts';
import { IconCheck } from '@tabler/icons-react';
import { counted, percentText } from '../format/text.js';
import { countdownText, durationText } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { Card } from '../ui/card.js';
import { ShareBar } from '../ui/share-bar.js';
import { shownOf } from './backends.js';
import { hasEnded } from './ended.js';
import { remainingHoldMs } from './hold.js';
import { holdOf, type StepOf } from './plan.js';
import { verifiedCount } from './route-standing.js';
import { stateLooks } from './states.js';

type Progress = 'done' | 'current' | 'next' | 'undone' | 'stopped' | 'left';

const endings: Readonly<Partial<Record<Progress, string>>> = {
  undone: 'undone',
  stopped: 'stopped here',
  left: 'not reached',
};

/** Every step with its shares and hold; the current one says how long it still is held. */
export function StepsCard({ rollout }: { rollout: Rollout }) {
  return (
    <Card
      title="Steps"
      aside={
        <span className="muted num">
          {Math.max(0, rollout.stepIndex + 1)} of {rollout.stepCount}
        </span>
      }
    >
      <ol className={`steps ${stateLooks[rollout.state].tone}`}>
        {rollout.plan.steps.map((step) => (
          <Step key={step.index} rollout={rollout} step={step} progress={progressOf(rollout, step.index)} />
        ))}
      </ol>
      {rollout.plan.bakeMs > 0 && (
        <p className="muted small">
          After the last step, rollback stays one call for {durationText(rollout.plan.bakeMs)}.
        </p>
      )}
    </Card>
  );
}

/** What is done stays done, unless it was rolled back; after an end the rest will not come. */
function progressOf({ state, stepIndex }: Rollout, index: number): Progress {
  if (state === 'RolledBack' || state === 'RollingBack') return index <= stepIndex ? 'undone' : 'left';
  if (index < stepIndex || (index === stepIndex && state === 'Succeeded')) return 'done';
  if (hasEnded(state)) return index === stepIndex ? 'stopped' : 'left';
  return index === stepIndex ? 'current' : 'next';
}

function Step({ rollout, step, progress }: { rollout: Rollout; step: StepOf; progress: Progress }) {
  const [route] = rollout.plan.routes;
  const parts =
    route === undefined
      ? []
      : shownOf(route)
          .filter(({ key }) => key in step.shares || route.backends.some(({ name }) => name === key))
          .map(({ name, colour }) => ({ name, colour, permille: step.shares[name] ?? 0 }));
  const needed = step.gates.map(({ minHealthyTargets }) => counted(minHealthyTargets, 'healthy target'));
  return (
    <li className={`step ${progress}`} aria-current={progress === 'current' ? 'step' : undefined}>
      <span className="step-dot">
        {progress === 'done' ? <IconCheck size={14} stroke={3} aria-label="done" /> : step.index + 1}
      </span>
      <div className="step-body">
        <div className="step-head">
          <strong>{parts.map(({ permille }) => percentText(permille).replace(' %', '')).join(' / ')}</strong>
          {!/^step \d+$/i.test(step.name) && <span>{step.name}</span>}
          <span className="grow" />
          <StepTime rollout={rollout} step={step} progress={progress} />
        </div>
        <ShareBar parts={parts} label={`Step ${step.index + 1}`} />
        <div className="muted small">
          {parts.map(({ name, permille }) => `${name} ${percentText(permille)}`).join(' · ')}
        </div>
        {progress === 'current' && needed.length > 0 && (
          <div className="muted small">Each backend with a share needs {needed.join(', ')}.</div>
        )}
      </div>
    </li>
  );
}

function StepTime({ rollout, step, progress }: { rollout: Rollout; step: StepOf; progress: Progress }) {
  const isCurrent = progress === 'current';
  const now = useNow(500, isCurrent);
  const hold = `hold ${durationText(holdOf(rollout.plan, step))}`;
  const ending = endings[progress];
  if (ending !== undefined) return <span className="muted small">{ending}</span>;
  if (!isCurrent) return <span className="muted small num">{hold}</span>;
  const remaining = remainingHoldMs(rollout, now);
  if (remaining === null) return <WritingProgress rollout={rollout} />;
  return remaining > 0 ? (
    <span className="countdown num">{countdownText(remaining)}</span>
  ) : (
    <span className="small">hold served</span>
  );
}

/** Nobody writes while a person has to act first. */
function WritingProgress({ rollout }: { rollout: Rollout }) {
  if (rollout.state !== 'Running') return null;
  return (
    <span className="small num">
      {rollout.routeCount > 1 ? `${verifiedCount(rollout)} of ${rollout.routeCount} routes` : 'writing'}
    </span>
  );
}
