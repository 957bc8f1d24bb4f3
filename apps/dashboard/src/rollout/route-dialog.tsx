import type { Rollout } from '@sluice/contracts';
import { IconX } from '@tabler/icons-react';
import { useEffect, useId, useRef } from 'react';
import { useRouteTimeline } from '../api/queries.js';
import { Failed, Loading } from '../ui/states.js';
import { Notice } from '../ui/notice.js';
import { BackendsCard } from './backends-card.js';
import { ChartCard } from './chart/chart-card.js';
import { storyOfRoute } from './chart/model.js';
import { RouteDiffTable } from './diff-table.js';
import type { FrozenRouteOf } from './plan.js';
import { lookOf } from './route-looks.js';
import type { StandingRoute } from './route-standing.js';
import { StandingBadge } from './standing-badge.js';

/** Everything about one route of a rollout over many. */
export function RouteDialog({
  rollout,
  row: { route, standing },
  onClose,
}: {
  rollout: Rollout;
  row: StandingRoute;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const frozen = rollout.plan.routes.find((one) => one.id === route.routeId);
  const diff = rollout.diffs.find(({ routeId }) => routeId === route.routeId);
  const { tone } = lookOf(rollout, standing);
  return (
    <dialog ref={dialog} className="dialog wide" aria-labelledby={id} onClose={onClose}>
      <header className="dialog-head">
        <h2 id={id}>{route.name}</h2>
        <StandingBadge rollout={rollout} standing={standing} />
        <span className="grow" />
        <button type="button" className="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}>
          <IconX size={18} />
        </button>
      </header>
      {route.write !== null && route.write.reason !== null && (
        <Notice tone={tone === 'bad' ? 'bad' : 'warn'}>
          <code className="code-chip">{route.write.reason}</code> {route.write.message}
        </Notice>
      )}
      {diff !== undefined && <RouteDiffTable rollout={rollout} diff={diff} />}
      {frozen !== undefined && <Detail rollout={rollout} route={frozen} />}
    </dialog>
  );
}

function Detail({ rollout, route }: { rollout: Rollout; route: FrozenRouteOf }) {
  const timeline = useRouteTimeline(rollout.id, route.id);
  return (
    <>
      <BackendsCard rollout={rollout} route={route} />
      {timeline.data === undefined ? (
        timeline.error === null ? (
          <Loading what="Reading its timeline" rows={5} />
        ) : (
          <Failed what="Its timeline" error={timeline.error} again={timeline.refetch} />
        )
      ) : (
        <ChartCard rollout={rollout} story={storyOfRoute(route, timeline.data)} />
      )}
      <p className="muted small arn">{route.arn}</p>
    </>
  );
}
