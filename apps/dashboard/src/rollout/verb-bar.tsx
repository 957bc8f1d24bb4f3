import type { Rollout, RolloutVerb } from '@sluice/contracts';
import { useState } from 'react';
import { useLive } from '../api/live.js';
import { useWhoAmI } from '../api/queries.js';
import { VerbDialog } from './verb-dialog.js';
import { alwaysRight, meansIn, toneOf, verbLooks, verbOrder } from './verbs.js';

/** A button for every verb that the server allows, and no other. */
export function VerbBar({ rollout }: { rollout: Rollout }) {
  const [asking, setAsking] = useState<RolloutVerb | null>(null);
  const role = useWhoAmI().data?.role;
  const isStale = useLive().state === 'lost';
  const verbs = verbOrder.filter((verb) => rollout.allowedVerbs.includes(verb));
  if (role === 'viewer')
    return verbs.length === 0 ? null : <p className="muted small">This token may look, not act.</p>;
  return (
    <>
      <div className="verbs" role="group" aria-label="What you can do">
        {verbs.map((verb) => {
          const { label, icon: Icon } = verbLooks[verb];
          return (
            <button
              key={verb}
              type="button"
              className={`button ${toneOf(verb, rollout.state)}`}
              title={meansIn(verb, rollout.state)}
              disabled={isStale && !alwaysRight.includes(verb)}
              onClick={() => setAsking(verb)}
            >
              <Icon size={16} aria-hidden /> {label}
            </button>
          );
        })}
      </div>
      {asking !== null && <VerbDialog rollout={rollout} verb={asking} onClose={() => setAsking(null)} />}
    </>
  );
}
