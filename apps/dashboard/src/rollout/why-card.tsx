import type { Rollout } from '@sluice/contracts';
import { IconHourglass } from '@tabler/icons-react';
import { countdownText, whenText } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { reasonWords } from '../format/text.js';
import { DiffTable } from './diff-table.js';
import { isHolding, isWaiting, remainingHoldMs } from './hold.js';
import { hasEnded } from './ended.js';
import { stateLooks } from './states.js';
import { meansIn, verbLooks, verbOrder } from './verbs.js';

/** What would happen by itself if nothing else were in the way isn't in the way. */
const unhindered = ['StepIsHolding', 'SettleTime', 'NextStep', 'Completed'];

/** Why it stands where it stands, what else is in the way, and what a person can do about it. */
export function WhyCard({ rollout }: { rollout: Rollout }) {
  const { tone, icon: Icon } = isWaiting(rollout) ? { tone: 'warn', icon: IconHourglass } : stateLooks[rollout.state];
  const words = reasonWords(rollout.reason);
  const beside = rollout.beside.filter(({ reason }) => !unhindered.includes(reason));
  return (
    <section className={`card why ${tone}`} aria-label="Why it stands where it stands">
      <div className="why-main">
        <Icon size={26} aria-hidden />
        <div className="why-text">
          <h2>
            {words} {words !== rollout.reason && <code className="code-chip">{rollout.reason}</code>}
          </h2>
          <p aria-live="polite">{rollout.message}</p>
          {rollout.forced !== null && (
            <p className="text-warn">
              The health gate is passed over in the name of {rollout.forced.by}: {rollout.forced.reason}
            </p>
          )}
        </div>
        <Countdown rollout={rollout} />
      </div>
      {beside.length > 0 && (
        <ul className="beside" aria-label="Found beside it">
          {beside.map(({ reason, message }) => (
            <li key={reason + message}>
              <code className="code-chip">{reason}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {rollout.diffs.length > 0 && <DiffTable rollout={rollout} />}
      {rollout.state === 'Blocked' && <WaysOut rollout={rollout} />}
    </section>
  );
}

function Countdown({ rollout }: { rollout: Rollout }) {
  const bakes =
    rollout.state === 'Succeeded' && rollout.allowedVerbs.includes('rollback') && rollout.finishedAt !== null;
  const now = useNow(500, bakes || !hasEnded(rollout.state));
  if (bakes) {
    return (
      <div className="countdown-box">
        <span className="countdown num">
          {countdownText(Date.parse(rollout.finishedAt ?? '') + rollout.plan.bakeMs - now)}
        </span>
        <span className="muted small">in which rollback is one call</span>
      </div>
    );
  }
  if (isHolding(rollout)) {
    const remaining = remainingHoldMs(rollout, now);
    if (remaining === null) return null;
    const isLast = rollout.stepIndex + 1 >= rollout.stepCount;
    return (
      <div className="countdown-box">
        <span className="countdown num">{countdownText(remaining)}</span>
        <span className="muted small">{isLast ? 'until it has succeeded' : `until step ${rollout.stepIndex + 2}`}</span>
      </div>
    );
  }
  if (rollout.state === 'Scheduled' && rollout.startAt !== null) {
    return (
      <div className="countdown-box">
        <span className="countdown num">{countdownText(Date.parse(rollout.startAt) - now)}</span>
        <span className="muted small">starts {whenText(Date.parse(rollout.startAt), now)}</span>
      </div>
    );
  }
  return null;
}

function WaysOut({ rollout }: { rollout: Rollout }) {
  return (
    <div className="ways">
      <h3>Ways out</h3>
      <dl>
        {verbOrder
          .filter((verb) => rollout.allowedVerbs.includes(verb))
          .map((verb) => (
            <div key={verb}>
              <dt>{verbLooks[verb].label}</dt>
              <dd>{meansIn(verb, rollout.state)}</dd>
            </div>
          ))}
      </dl>
    </div>
  );
}
