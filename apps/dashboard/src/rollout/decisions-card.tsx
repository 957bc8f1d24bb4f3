import type { DecisionSummary } from '@sluice/contracts';
import { useState } from 'react';
import { actorText } from '../format/text.js';
import { fullTimeText, whenText } from '../format/time.js';
import { Card } from '../ui/card.js';

const atFirst = 12;
const endTones: Readonly<Record<DecisionSummary['state'], string>> = {
  decided: 'active',
  applied: 'good',
  partlyApplied: 'warn',
  superseded: 'quiet',
  failed: 'bad',
  compensated: 'warn',
};
const endWords: Readonly<Record<DecisionSummary['state'], string>> = {
  decided: 'under way',
  applied: 'applied',
  partlyApplied: 'partly applied',
  superseded: 'superseded',
  failed: 'failed',
  compensated: 'compensated',
};

/** The ledger of this rollout, newest first. */
export function DecisionsCard({ decisions, nowMs }: { decisions: readonly DecisionSummary[]; nowMs: number }) {
  const [all, setAll] = useState(false);
  const newestFirst = decisions.toReversed();
  const shown = all ? newestFirst : newestFirst.slice(0, atFirst);
  return (
    <Card title="Decisions" aside={<span className="muted num">{decisions.length} in the ledger</span>}>
      {shown.length === 0 && <p className="muted">Nothing has been decided yet.</p>}
      <ol className="decisions">
        {shown.map((decision) => (
          <li key={decision.id}>
            <time
              className="num muted"
              dateTime={decision.createdAt}
              title={fullTimeText(Date.parse(decision.createdAt))}
            >
              {whenText(Date.parse(decision.createdAt), nowMs)}
            </time>
            <code className="code-chip">{decision.kind}</code>
            <div className="decision-text">
              <div>{decision.message}</div>
              <div className="muted small">
                {actorText(decision.actor)}
                {decision.endMessage !== null && ` · ${decision.endMessage}`}
              </div>
            </div>
            <span className={`badge ${endTones[decision.state]}`}>{endWords[decision.state]}</span>
          </li>
        ))}
      </ol>
      {newestFirst.length > shown.length && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {newestFirst.length}
        </button>
      )}
    </Card>
  );
}
