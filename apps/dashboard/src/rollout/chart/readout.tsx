import { percentText } from '../../format/text.js';
import { fullTimeText } from '../../format/time.js';
import { Swatch } from '../../ui/swatch.js';
import { levelAt, type ChartModel } from './model.js';

/** The numbers under the pointer. */
export function Readout({
  model,
  atMs,
  left,
  width,
}: {
  model: ChartModel;
  atMs: number;
  left: number;
  width: number;
}) {
  const isAhead = atMs > model.nowMs;
  const verified = isAhead ? undefined : levelAt(model.verified, atMs);
  const planned = isAhead ? (levelAt(model.ahead, atMs) ?? model.planned.at(-1)) : levelAt(model.planned, atMs);
  const phase = model.phases.findLast((one) => one.fromMs <= atMs && atMs <= one.toMs);
  return (
    <div className="readout" style={left > width / 2 ? { right: width - left + 12 } : { left: left + 12 }} aria-hidden>
      <div className="readout-time">{fullTimeText(atMs)}</div>
      {phase !== undefined && <div className="muted">{phase.label}</div>}
      <table>
        <thead>
          <tr>
            <th />
            <th>planned</th>
            {verified !== undefined && <th>verified</th>}
          </tr>
        </thead>
        <tbody>
          {model.shown.map(({ key, name, colour }, index) => (
            <tr key={key}>
              <th>
                <Swatch colour={colour} /> {name}
              </th>
              <td>{percentText(planned?.permilles[index] ?? 0)}</td>
              {verified !== undefined && <td>{percentText(verified.permilles[index] ?? 0)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
