import { percentText } from '../format/text.js';

export interface BarPart {
  readonly name: string;
  readonly colour: string;
  readonly permille: number;
}

/** Shares as one bar; says the same in words. */
export function ShareBar({ parts, label }: { parts: readonly BarPart[]; label: string }) {
  return (
    <div
      className="share-bar"
      role="img"
      aria-label={`${label}: ${parts.map(({ name, permille }) => `${name} ${percentText(permille)}`).join(', ')}`}
    >
      {parts.map(
        ({ name, colour, permille }) =>
          permille > 0 && <span key={name} style={{ width: `${permille / 10}%`, background: colour }} />,
      )}
    </div>
  );
}
