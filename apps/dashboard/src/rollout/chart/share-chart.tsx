import { useId, useLayoutEffect, useRef, useState, type PointerEvent } from 'react';
import { clockShortText, clockText, dayText } from '../../format/time.js';
import type { ChartModel, Level } from './model.js';
import { PhaseStrip } from './phase-strip.js';
import { Readout } from './readout.js';
import { steppedArea, steppedLine } from './shapes.js';
import { timeTicks } from './time-ticks.js';

const margin = { left: 46, right: 14, top: 34, bottom: 26 };
const height = 290;
const bottom = height - margin.bottom;

/** Shares over time, stacked: filled = verified, dashed = planned, pale = still to come. */
export function ShareChart({ model, label }: { model: ChartModel; label: string }) {
  const [box, width] = useWidth();
  const clip = useId();
  const [pointer, setPointer] = useState<number | null>(null);
  const right = width - margin.right;
  const { fromMs, toMs, nowMs, shown } = model;
  const x = (atMs: number) => margin.left + ((atMs - fromMs) / (toMs - fromMs)) * (right - margin.left);
  const y = (permille: number) => bottom - (permille / 1_000) * (bottom - margin.top);
  const follow = (event: PointerEvent<SVGSVGElement>) => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    setPointer(
      at < margin.left || at > right ? null : fromMs + ((at - margin.left) / (right - margin.left)) * (toMs - fromMs),
    );
  };
  const lines = (levels: readonly Level[], endMs: number, name: string) =>
    shown
      .slice(0, -1)
      .map((one, index) => <path key={one.key} className={name} d={steppedLine(levels, index, endMs, x, y)} />);
  const layers = (levels: readonly Level[], endMs: number, name: string) =>
    shown.map((one, index) => (
      <path
        key={one.key}
        className={name}
        fill={one.colour}
        data-backend={one.name}
        d={steppedArea(levels, index, endMs, x, y)}
      />
    ));
  return (
    <div ref={box} className="chart">
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={label}
          onPointerMove={follow}
          onPointerDown={follow}
          onPointerLeave={() => setPointer(null)}
        >
          <clipPath id={clip}>
            <rect x={margin.left} y={0} width={Math.max(0, right - margin.left)} height={height} />
          </clipPath>
          <g clipPath={`url(#${CSS.escape(clip)})`}>
            {layers(model.verified, nowMs, 'layer verified')}
            {layers(model.ahead, toMs, 'layer ahead')}
            {lines(model.ahead, toMs, 'line planned')}
            {lines(model.verified, nowMs, 'line verified')}
            {lines(model.planned, nowMs, 'line planned')}
            <PhaseStrip phases={model.phases} x={x} top={4} bottom={bottom} />
          </g>
          <Axes model={model} x={x} y={y} right={right} />
          {model.isLive && (
            <g className="now">
              <line x1={x(nowMs)} x2={x(nowMs)} y1={margin.top - 4} y2={bottom} />
              <circle cx={x(nowMs)} cy={bottom} r={3.5} />
            </g>
          )}
          {pointer !== null && (
            <line className="crosshair" x1={x(pointer)} x2={x(pointer)} y1={margin.top} y2={bottom} />
          )}
        </svg>
      )}
      {pointer !== null && <Readout model={model} atMs={pointer} left={x(pointer)} width={width} />}
    </div>
  );
}

interface AxesProps {
  readonly model: ChartModel;
  readonly x: (atMs: number) => number;
  readonly y: (permille: number) => number;
  readonly right: number;
}

function Axes({ model: { fromMs, toMs }, x, y, right }: AxesProps) {
  const { atMs, spacingMs } = timeTicks(fromMs, toMs, Math.max(2, (right - margin.left) / 90));
  const text = spacingMs >= 86_400_000 ? dayText : spacingMs >= 60_000 ? clockShortText : clockText;
  return (
    <g className="axes" aria-hidden>
      {[0, 250, 500, 750, 1_000].map((permille) => (
        <g key={permille}>
          <line x1={margin.left} x2={right} y1={y(permille)} y2={y(permille)} />
          <text x={margin.left - 8} y={y(permille)} dy="0.32em" textAnchor="end">
            {permille / 10} %
          </text>
        </g>
      ))}
      {atMs.map((at) => (
        <g key={at}>
          <line className="tick" x1={x(at)} x2={x(at)} y1={bottom} y2={bottom + 4} />
          <text
            x={x(at)}
            y={bottom + 17}
            textAnchor={x(at) > right - 24 ? 'end' : x(at) < margin.left + 20 ? 'start' : 'middle'}
          >
            {text(at)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** The width that there is, told anew when it changes. */
function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
