import type { Phase } from './phases.js';

const stripHeight = 20;

/** What the rollout was doing, above the shares; each phase begins with a line down to the axis. */
export function PhaseStrip({
  phases,
  x,
  top,
  bottom,
}: {
  phases: readonly Phase[];
  x: (atMs: number) => number;
  top: number;
  bottom: number;
}) {
  return (
    <g className="phases">
      {phases.map((phase) => {
        const from = x(phase.fromMs);
        const width = Math.max(1.5, x(phase.toMs) - from - 1.5);
        return (
          <g key={`${phase.fromMs} ${phase.label}`} className={`phase ${phase.kind}`}>
            <title>{phase.label}</title>
            <line x1={from} x2={from} y1={top + stripHeight} y2={bottom} />
            <rect x={from} y={top} width={width} height={stripHeight} rx={3} />
            <text x={from + width / 2} y={top + stripHeight / 2} dy="0.34em" textAnchor="middle">
              {textThatFits(phase, width)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function textThatFits({ texts }: Phase, width: number): string {
  return texts.find((text) => text.length * 6.6 + 8 <= width) ?? '';
}
