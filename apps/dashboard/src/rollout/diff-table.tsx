import type { Rollout } from '@sluice/contracts';
import { counted, percentText, targetGroupName } from '../format/text.js';
import { Swatch } from '../ui/swatch.js';
import { permilleOf, shownOf } from './backends.js';

type Diff = Rollout['diffs'][number];
type Weights = Diff['live'];

/** More tables than this say less than one line. */
const atFirst = 2;

/** Intended, last written and live side by side, for the first routes that differ; what differs stands out. */
export function DiffTable({ rollout }: { rollout: Rollout }) {
  const { diffs } = rollout;
  const more = diffs.length - atFirst;
  return (
    <>
      {diffs.slice(0, atFirst).map((diff) => (
        <RouteDiffTable key={diff.routeId} rollout={rollout} diff={diff} />
      ))}
      {more > 0 && <p className="muted">{counted(more, 'more route')} differ: they lead the list of routes below.</p>}
    </>
  );
}

export function RouteDiffTable({ rollout, diff }: { rollout: Rollout; diff: Diff }) {
  const route = rollout.plan.routes.find(({ id }) => id === diff.routeId);
  const known = route === undefined ? [] : shownOf(route);
  const arns = [
    ...new Set([
      ...known.map(({ targetGroupArn }) => targetGroupArn),
      ...[diff.intended, diff.lastWritten, diff.live].flatMap((weights) =>
        weights.map(({ targetGroupArn }) => targetGroupArn),
      ),
    ]),
  ];
  return (
    <div className="table-box">
      <table className="table diff">
        <caption>
          Route <strong>{route?.name ?? diff.routeId}</strong>: three views of its weights
        </caption>
        <thead>
          <tr>
            <th scope="col">Target group</th>
            <th scope="col" className="right">
              Intended by the step
            </th>
            <th scope="col" className="right">
              Last written by Sluice
            </th>
            <th scope="col" className="right">
              Live at AWS
            </th>
          </tr>
        </thead>
        <tbody>
          {arns.map((arn) => {
            const shown = known.find(({ targetGroupArn }) => targetGroupArn === arn);
            const differs = cell(diff.live, arn) !== cell(diff.lastWritten, arn);
            return (
              <tr key={arn}>
                <th scope="row" title={arn}>
                  <Swatch colour={shown?.colour ?? 'var(--series-other)'} /> {shown?.name ?? targetGroupName(arn)}{' '}
                  <span className="muted">{diff.foreign.includes(arn) ? 'not ours, not pinned' : shown?.cluster}</span>
                </th>
                <td className="right num">{cell(diff.intended, arn)}</td>
                <td className="right num">{cell(diff.lastWritten, arn)}</td>
                <td className={`right num ${differs ? 'differs' : ''}`}>{cell(diff.live, arn)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function cell(weights: Weights, arn: string): string {
  const own = weights.find(({ targetGroupArn }) => targetGroupArn === arn);
  return own === undefined ? 'not attached' : `${own.weight} (${percentText(permilleOf(weights, arn))})`;
}
