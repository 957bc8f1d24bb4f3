import { SluiceProblem } from '@sluice/contracts';
import { useState, type SubmitEvent } from 'react';
import { Api } from '../api/api.js';
import { errorText } from '../format/error-text.js';
import { Mark } from '../shell/mark.js';
import { Notice } from '../ui/notice.js';
import { signIn, useSession } from './session.js';

/** A bearer token is all there is to know; it is tried before it is kept. */
export function SignIn() {
  const { notice } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const token = text(form.get('token')).trim();
    if (token === '') return setProblem('Paste a token first.');
    setBusy(true);
    setProblem(null);
    try {
      await new Api(token).whoAmI(AbortSignal.timeout(15_000));
      signIn(token, form.get('keep') !== null);
    } catch (error) {
      setBusy(false);
      setProblem(
        error instanceof SluiceProblem && error.status === 401
          ? 'Sluice does not know this token, or it has expired or been revoked.'
          : errorText(error),
      );
    }
  };

  return (
    <main className="sign-in">
      <form className="card sign-in-card" onSubmit={(event) => void submit(event)}>
        <div className="sign-in-head">
          <Mark size={40} />
          <div>
            <h1>Sluice</h1>
            <p className="muted">Moves traffic between clusters, step by step.</p>
          </div>
        </div>
        {notice !== null && <Notice tone="warn">{notice}</Notice>}
        <label className="field">
          <span>Bearer token</span>
          <input
            className="input mono"
            type="password"
            name="token"
            autoComplete="current-password"
            autoFocus
            spellCheck={false}
            placeholder="sluice_…"
            aria-invalid={problem !== null}
            aria-describedby="token-help"
          />
        </label>
        <label className="check">
          <input type="checkbox" name="keep" /> <span>Keep me signed in on this computer</span>
        </label>
        {problem !== null && (
          <div role="alert">
            <Notice tone="bad">{problem}</Notice>
          </div>
        )}
        <button className="button primary wide" type="submit" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
        <p id="token-help" className="muted small">
          <code>npm start</code> prints a token, and <code>.sluice/access.json</code> has it. On a server, the first one
          is in the file that <code>SLUICE_FIRST_TOKEN_FILE</code> names; more are made at <code>POST /v1/tokens</code>.
        </p>
      </form>
    </main>
  );
}

const text = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');
