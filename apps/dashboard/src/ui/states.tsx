import { IconAlertTriangle, IconInbox } from '@tabler/icons-react';
import { Link } from 'wouter';
import { errorText } from '../format/error-text.js';

/** Nothing to show, and what to do about it. */
export function Empty({ title, text, link }: { title: string; text: string; link?: { href: string; text: string } }) {
  return (
    <div className="state-page">
      <IconInbox size={36} stroke={1.4} aria-hidden />
      <h2>{title}</h2>
      <p className="muted">{text}</p>
      {link !== undefined && (
        <Link className="button" href={link.href}>
          {link.text}
        </Link>
      )}
    </div>
  );
}

/** Something could not be read. */
export function Failed({ what, error, again }: { what: string; error: unknown; again: () => unknown }) {
  return (
    <div className="state-page" role="alert">
      <IconAlertTriangle size={36} stroke={1.4} aria-hidden />
      <h2>{what} could not be read</h2>
      <p className="muted">{errorText(error)}</p>
      <button className="button" type="button" onClick={() => void again()}>
        Try again
      </button>
    </div>
  );
}

/** Room for what is coming. */
export function Loading({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <div className="loading" role="status" aria-label={`${what} …`}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton" style={{ width: `${96 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}
