import type { Rollout, RolloutVerb } from '@sluice/contracts';
import { useEffect, useId, useRef, useState, type SubmitEvent } from 'react';
import { usePressVerb } from '../api/queries.js';
import { errorText } from '../format/error-text.js';
import { percentText } from '../format/text.js';
import { Notice } from '../ui/notice.js';
import { permilleOf, shownOf } from './backends.js';
import { alwaysRight, verbLooks } from './verbs.js';

/** Says what a verb will do, takes a reason, and shows the server's answer where it refuses. Works on the version that was looked at. */
export function VerbDialog({ rollout, verb, onClose }: { rollout: Rollout; verb: RolloutVerb; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const press = usePressVerb(rollout.id);
  const [{ version, stepIndex }] = useState(rollout);
  const { label, will, tone } = verbLooks[verb];
  useEffect(() => dialog.current?.showModal(), []);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get('reason');
    const reason = typeof given === 'string' && given.trim() !== '' ? given.trim() : undefined;
    press.mutate(
      {
        verb,
        reason,
        ifVersion: alwaysRight.includes(verb) ? undefined : version,
        stepIndex: verb === 'advance' ? stepIndex : undefined,
      },
      { onSuccess: () => dialog.current?.close() },
    );
  };

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>
          {label} “{rollout.name}”?
        </h2>
        <ul className="will">
          {will.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
          {verb === 'rollback' && <BaselineLines rollout={rollout} />}
        </ul>
        <label className="field">
          <span>
            Why? <span className="muted">It goes into the ledger with your name.</span>
          </span>
          <textarea className="input" name="reason" rows={2} maxLength={500} />
        </label>
        {press.isError && (
          <div role="alert">
            <Notice tone="bad">{errorText(press.error)}</Notice>
          </div>
        )}
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Leave it
          </button>
          <button type="submit" className={`button ${tone === 'plain' ? 'primary' : tone}`} disabled={press.isPending}>
            {press.isPending ? 'Sending …' : label}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** More lines than this would push the buttons off the screen. */
const mostLines = 6;

function BaselineLines({ rollout }: { rollout: Rollout }) {
  const { routes } = rollout.plan;
  const named = routes.slice(0, mostLines).map((route) => (
    <li key={route.id}>
      {route.name} goes to{' '}
      <strong>
        {shownOf(route)
          .map(({ name, targetGroupArn }) => `${name} ${percentText(permilleOf(route.baseline, targetGroupArn))}`)
          .join(', ')}
      </strong>
      .
    </li>
  ));
  return (
    <>
      {named}
      {routes.length > mostLines && <li>So do {routes.length - mostLines} more routes, each to its own shares.</li>}
    </>
  );
}
