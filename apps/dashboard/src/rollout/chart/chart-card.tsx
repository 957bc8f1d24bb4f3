import type { Rollout } from '@sluice/contracts';
import type { ReactNode } from 'react';
import { percentText } from '../../format/text.js';
import { clockText, zoneText } from '../../format/time.js';
import { useNow } from '../../format/use-now.js';
import { Card } from '../../ui/card.js';
import { Swatch } from '../../ui/swatch.js';
import { isHolding } from '../hold.js';
import { hasEnded } from '../ended.js';
import { chartModel, type ChartModel, type Story } from './model.js';
import { ShareChart } from './share-chart.js';

/** Planned and verified shares over time, growing while the rollout runs; `of` says whose. */
export function ChartCard({ rollout, story, of }: { rollout: Rollout; story: Story; of?: ReactNode }) {
  const now = useNow(1_000, !hasEnded(rollout.state));
  const model = chartModel(rollout, story, now);
  return (
    <Card title="Share of requests" aside={<span className="muted">{of}</span>}>
      <ShareChart model={model} label={summaryOf(model)} />
      <Legend model={model} />
      <p className="muted small chart-note">
        Times in {zoneText(model.nowMs)}. {aheadText(rollout, model)}
      </p>
    </Card>
  );
}

function aheadText(rollout: Rollout, { ahead, toMs }: ChartModel): string {
  if (ahead.length < 2) return '';
  if (rollout.state === 'Scheduled')
    return `As planned${rollout.startAt === null ? ', if it were started now' : ' from its start on'}.`;
  if (!isHolding(rollout)) return 'What is to come is as planned, if it went on now.';
  return `What is to come is as planned: done at ${clockText(toMs)} if every gate passes.`;
}

function Legend({ model }: { model: ChartModel }) {
  const last = model.verified.at(-1);
  const planned = model.planned.at(-1);
  return (
    <div className="legend">
      {model.shown.map(({ key, name, colour, cluster }, index) => (
        <div key={key} className="legend-item">
          <Swatch colour={colour} />
          <span>
            <strong>{name}</strong> {cluster !== null && <span className="muted">{cluster}</span>}
          </span>
          <span className="num">{percentText(last?.permilles[index] ?? 0)}</span>
          {Math.round(planned?.permilles[index] ?? 0) !== Math.round(last?.permilles[index] ?? 0) && (
            <span className="muted num">planned {percentText(planned?.permilles[index] ?? 0)}</span>
          )}
        </div>
      ))}
      <div className="legend-keys muted">
        <div className="legend-item">
          <span className="key verified" aria-hidden>
            {model.shown.map(({ key, colour }) => (
              <span key={key} style={{ background: colour }} />
            ))}
          </span>
          verified
        </div>
        <div className="legend-item">
          <span className="key planned" aria-hidden /> planned
        </div>
      </div>
    </div>
  );
}

function summaryOf({ shown, verified, planned, isLive }: ChartModel): string {
  const shares = (permilles: readonly number[] | undefined) =>
    shown.map(({ name }, index) => `${name} ${percentText(permilles?.[index] ?? 0)}`).join(', ');
  return `Share of requests over time. Verified ${isLive ? 'now' : 'at the end'}: ${shares(verified.at(-1)?.permilles)}. Planned: ${shares(planned.at(-1)?.permilles)}.`;
}
