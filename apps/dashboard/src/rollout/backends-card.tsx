import type { Rollout, RouteLive, RouteTargetHealth } from '@sluice/contracts';
import { useRouteLive, useTargetHealth } from '../api/queries.js';
import { errorText } from '../format/error-text.js';
import { percentText, targetGroupName } from '../format/text.js';
import { clockText } from '../format/time.js';
import { Card } from '../ui/card.js';
import { Notice } from '../ui/notice.js';
import { Swatch } from '../ui/swatch.js';
import { shownOf, type Shown } from './backends.js';
import type { FrozenRouteOf } from './plan.js';

type BackendHealth = RouteTargetHealth['backends'][number];
type LiveShare = RouteLive['shares'][number];

/** The backends of one route as they were last seen at AWS. */
export function BackendsCard({ rollout, route }: { rollout: Rollout; route: FrozenRouteOf }) {
  const live = useRouteLive(route.id, rollout);
  const health = useTargetHealth(route.id, rollout);
  const shown = shownOf(route);
  const advice = (health.data?.backends ?? []).filter((one) => one.advice.length > 0);
  const unread = [live.error, health.error].filter((error) => error !== null);
  return (
    <Card
      title="Backends"
      aside={
        <span className="muted">
          route <strong>{route.name}</strong>
          {live.data !== undefined && `, as AWS had it at ${clockText(Date.parse(live.data.at))}`}
        </span>
      }
    >
      {unread.length > 0 && (
        <Notice tone="warn">Could not be read just now: {unread.map(errorText).join(' · ')}</Notice>
      )}
      <div className="table-box">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Backend</th>
              <th scope="col" className="wide-only">
                Cluster
              </th>
              <th scope="col" className="wide-only">
                Service
              </th>
              <th scope="col" className="right wide-only">
                Weight
              </th>
              <th scope="col" className="right">
                Share
              </th>
              <th scope="col">Healthy targets</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row
                key={one.key}
                shown={one}
                route={route}
                share={live.data?.shares.find(({ targetGroupArn }) => targetGroupArn === one.targetGroupArn)}
                isKnown={live.data !== undefined}
                health={health.data?.backends.find(({ targetGroupArn }) => targetGroupArn === one.targetGroupArn)}
              />
            ))}
            {(live.data?.foreign ?? []).map((arn) => (
              <tr key={arn} className="foreign">
                <td>
                  <strong>{targetGroupName(arn)}</strong> is in the action, but is no backend and not pinned
                </td>
                <td className="wide-only" />
                <td className="wide-only" />
                <td className="right num wide-only">
                  {live.data?.shares.find(({ targetGroupArn }) => targetGroupArn === arn)?.weight}
                </td>
                <td className="right num">
                  {percentText(live.data?.shares.find(({ targetGroupArn }) => targetGroupArn === arn)?.permille ?? 0)}
                </td>
                <td>not known</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {advice.map((one) => (
        <Notice key={one.backendId} tone="warn">
          <strong>{one.name}:</strong> {one.advice.join(' ')}
        </Notice>
      ))}
    </Card>
  );
}

function Row({
  shown,
  route,
  share,
  isKnown,
  health,
}: {
  shown: Shown;
  route: FrozenRouteOf;
  share: LiveShare | undefined;
  isKnown: boolean;
  health: BackendHealth | undefined;
}) {
  const backend = route.backends.find(({ targetGroupArn }) => targetGroupArn === shown.targetGroupArn);
  const service = backend === undefined ? '–' : `${backend.namespace}/${backend.service}:${backend.port}`;
  const missing = isKnown ? 'not attached' : '…';
  return (
    <tr>
      <td>
        <Swatch colour={shown.colour} /> <strong>{shown.name}</strong>
        {backend !== undefined && (
          <div className="narrow-only muted small">
            {backend.clusterName}, {service}
          </div>
        )}
      </td>
      <td className="wide-only">{backend?.clusterName ?? '–'}</td>
      <td className="wide-only muted">{service}</td>
      <td className="right num wide-only">{share?.weight ?? missing}</td>
      <td className="right num">{share === undefined ? missing : percentText(share.permille)}</td>
      <td>
        <Health health={health} />
      </td>
    </tr>
  );
}

function Health({ health }: { health: BackendHealth | undefined }) {
  if (health === undefined) return <span className="muted">…</span>;
  if (health.health === null)
    return <span className="text-bad">not known: {health.failure?.message ?? 'no answer'}</span>;
  const { healthy, total, reasons } = health.health;
  const others = (['initial', 'unhealthy', 'draining', 'unused', 'unavailable'] as const).flatMap((state) =>
    health.health?.[state] ? [`${health.health[state]} ${state}`] : [],
  );
  const why = Object.entries(reasons).map(([reason, count]) => `${reason} ×${count}`);
  const tone = total === 0 || healthy === 0 ? 'bad' : healthy < total ? 'warn' : 'good';
  return (
    <div>
      <span className={`health ${tone}`}>
        <span className="health-dot" aria-hidden />
        <span className="num">
          {healthy}/{total}
        </span>{' '}
        healthy
      </span>
      {(others.length > 0 || why.length > 0) && <div className="muted small">{[...others, ...why].join(' · ')}</div>}
    </div>
  );
}
