import type { Rollout } from '@sluice/contracts';
import { IconAlertTriangle, IconBan, IconCheck, IconClock, IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { counted, percentText, reasonWords } from '../format/text.js';
import { Card } from '../ui/card.js';
import { ShareBar } from '../ui/share-bar.js';
import { permilleOf, shownOf } from './backends.js';
import { standingRoutes, standings, type RouteProgress, type Standing } from './route-standing.js';

const atFirst = 12;
const looks = {
  failed: { words: 'not written', tone: 'bad', icon: IconAlertTriangle },
  writing: { words: 'being written', tone: 'active', icon: IconPencil },
  toCome: { words: 'to come', tone: 'quiet', icon: IconClock },
  notReached: { words: 'not reached', tone: 'quiet', icon: IconBan },
  verified: { words: 'verified', tone: 'good', icon: IconCheck },
} as const satisfies Record<Standing, unknown>;

/** How far every route has come, those that need a person first; the chosen one is drawn above. */
export function RoutesCard({
  rollout,
  chosenId,
  onChoose,
}: {
  rollout: Rollout;
  chosenId: string | undefined;
  onChoose: (routeId: string) => void;
}) {
  const [all, setAll] = useState(false);
  const rows = standingRoutes(rollout);
  const shown = all ? rows : rows.slice(0, atFirst);
  const counts = standings.flatMap((standing) => {
    const count = rows.filter((row) => row.standing === standing).length;
    return count === 0 ? [] : [`${count} ${looks[standing].words}`];
  });
  return (
    <Card title={counted(rows.length, 'route')} aside={<span className="muted num">{counts.join(' · ')}</span>}>
      <div className="table-box">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">This step</th>
              <th scope="col">Shares</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ route, standing }) => (
              <tr key={route.routeId} aria-selected={route.routeId === chosenId}>
                <td>
                  <button type="button" className="link-button" onClick={() => onChoose(route.routeId)}>
                    {route.name}
                  </button>
                </td>
                <td>
                  <StandingBadge route={route} standing={standing} />
                </td>
                <td className="shares-cell">
                  <Shares rollout={rollout} route={route} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown.length && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {rows.length}
        </button>
      )}
    </Card>
  );
}

function StandingBadge({ route: { write }, standing }: { route: RouteProgress; standing: Standing }) {
  const { words, tone, icon: Icon } = looks[standing];
  return (
    <div>
      <span className={`badge ${tone}`}>
        <Icon size={14} aria-hidden /> {words}
      </span>
      {write !== null && write.reason !== null && (
        <div className="muted small">{write.message ?? reasonWords(write.reason)}</div>
      )}
    </div>
  );
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
    <>
      <ShareBar label={`Shares of ${route.name}`} parts={parts} />
      <div className="muted small num">{parts.map(({ permille }) => percentText(permille)).join(' / ')}</div>
    </>
  );
}
