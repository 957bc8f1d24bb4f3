import type { Rollout } from '@sluice/contracts';
import { useState } from 'react';
import { percentText, reasonWords } from '../format/text.js';
import { Card } from '../ui/card.js';
import { ShareBar } from '../ui/share-bar.js';
import { permilleOf, shownOf } from './backends.js';
import { RouteDialog } from './route-dialog.js';
import {
  countsOf,
  isGoingBack,
  standingRoutes,
  waitsOf,
  type RouteProgress,
  type Standing,
  type StandingRoute,
} from './route-standing.js';
import { StandingBadge } from './standing-badge.js';
import { StepProgress, TimeToGo } from './step-progress.js';

const atFirst = 8;
const mostReasons = 3;

/** How far every route has come: in one bar, by reason where some wait, and one by one. */
export function RoutesCard({ rollout }: { rollout: Rollout }) {
  const [chosenId, setChosenId] = useState<string>();
  const [standing, setStanding] = useState<Standing>();
  const [search, setSearch] = useState('');
  const [all, setAll] = useState(false);
  const rows = standingRoutes(rollout);
  const counts = countsOf(rows);
  const filter = standing !== undefined && counts.has(standing) ? standing : undefined;
  const found = rows.filter((row) => (filter === undefined || row.standing === filter) && isNamed(row, search));
  const shown = all ? found : found.slice(0, atFirst);
  const chosen = rows.find(({ route }) => route.routeId === chosenId);
  return (
    <Card title={titleOf(rollout)} aside={<TimeToGo rollout={rollout} counts={counts} />}>
      <StepProgress rollout={rollout} counts={counts} chosen={filter} onChoose={setStanding} />
      <Waits rows={rows} />
      <input
        className="input search"
        type="search"
        placeholder={`Search ${rows.length} routes by name`}
        aria-label="Search routes by name"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <table className="table routes">
        <thead>
          <tr>
            <th scope="col">Route</th>
            <th scope="col">{rollout.stepIndex < 0 || isGoingBack(rollout) ? 'Stands' : 'This step'}</th>
            <th scope="col">Shares</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row key={row.route.routeId} rollout={rollout} row={row} onChoose={() => setChosenId(row.route.routeId)} />
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p className="muted">No route of this rollout is like that.</p>}
      {found.length > atFirst && (
        <button type="button" className="button" onClick={() => setAll(!all)}>
          {all ? `Show the first ${atFirst}` : `Show all ${found.length}`}
        </button>
      )}
      {chosen !== undefined && <RouteDialog rollout={rollout} row={chosen} onClose={() => setChosenId(undefined)} />}
    </Card>
  );
}

function titleOf(rollout: Rollout): string {
  const { routes, stepIndex, stepCount } = rollout;
  if (isGoingBack(rollout)) return `Back to the shares before it on ${routes.length} routes`;
  return stepIndex < 0 ? `${routes.length} routes` : `Step ${stepIndex + 1} of ${stepCount} on ${routes.length} routes`;
}

const isNamed = ({ route }: StandingRoute, search: string) =>
  route.name.toLowerCase().includes(search.trim().toLowerCase());

/** One line per reason, however many routes it holds up. */
function Waits({ rows }: { rows: readonly StandingRoute[] }) {
  const waits = waitsOf(rows);
  if (waits.length === 0) return null;
  const rest = waits.slice(mostReasons).reduce((sum, { count }) => sum + count, 0);
  return (
    <ul className="waits" aria-label="Why routes wait">
      {waits.slice(0, mostReasons).map(({ reason, count, example }) => (
        <li key={reason}>
          <strong className="num">{count}</strong> <code className="code-chip">{reason}</code>{' '}
          <span className="muted">
            {count > 1 && `${example.name}: `}
            {example.message === '' ? reasonWords(reason) : example.message}
          </span>
        </li>
      ))}
      {rest > 0 && <li className="muted">{rest} more for other reasons</li>}
    </ul>
  );
}

function Row({ rollout, row, onChoose }: { rollout: Rollout; row: StandingRoute; onChoose: () => void }) {
  const { route, standing } = row;
  return (
    <tr>
      <td>
        <button type="button" className="link-button" aria-haspopup="dialog" onClick={onChoose}>
          {route.name}
        </button>
      </td>
      <td>
        <StandingBadge rollout={rollout} standing={standing} />
        <div className="muted small">{whyText(route)}</div>
      </td>
      <td className="shares-cell">
        <Shares rollout={rollout} route={route} />
      </td>
    </tr>
  );
}

/** What there is to say of it in a few words. */
function whyText({ write, ill }: RouteProgress): string {
  if (ill.length > 0)
    return ill.map(({ backend, healthy, total }) => `${backend} ${healthy}/${total} healthy`).join(', ');
  return write === null || write.reason === null ? '' : reasonWords(write.reason);
}

function Shares({ rollout, route }: { rollout: Rollout; route: RouteProgress }) {
  const frozen = rollout.plan.routes.find(({ id }) => id === route.routeId);
  if (frozen === undefined) return null;
  const parts = shownOf(frozen).map(({ name, colour, targetGroupArn }) => ({
    name,
    colour,
    permille: permilleOf(route.expected, targetGroupArn),
  }));
  return (
    <div className="shares">
      <ShareBar label={`Shares of ${route.name}`} parts={parts} />
      <span className="muted small num">
        {parts.map(({ permille }) => percentText(permille).replace(' %', '')).join(' / ')}
      </span>
    </div>
  );
}
