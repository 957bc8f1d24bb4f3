import { SluiceProblem } from '@sluice/contracts';
import { useEffect } from 'react';
import { useProgress, useRollout } from '../api/queries.js';
import { serverNow } from '../api/server-clock.js';
import { errorText } from '../format/error-text.js';
import { Card } from '../ui/card.js';
import { Notice } from '../ui/notice.js';
import { Empty, Failed, Loading } from '../ui/states.js';
import { BackendsCard } from './backends-card.js';
import { ChartCard } from './chart/chart-card.js';
import { storyOfAll } from './chart/model.js';
import { DecisionsCard } from './decisions-card.js';
import { GatewayCards } from './gateway-card.js';
import { RolloutHeader } from './rollout-header.js';
import type { FrozenRouteOf } from './plan.js';
import { RoutesCard } from './routes-card.js';
import { stateLooks } from './states.js';
import { StepsCard } from './steps-card.js';
import { WhyCard } from './why-card.js';

/** Everything about one rollout; what could be read is shown, whatever else could not. */
export function RolloutPage({ id }: { id: string }) {
  const rollout = useRollout(id);
  const progress = useProgress(id);
  const title = rollout.data && `${stateLooks[rollout.data.state].words}: ${rollout.data.name}`;
  useEffect(() => {
    document.title = title === undefined ? 'Sluice' : `${title} · Sluice`;
    return () => {
      document.title = 'Sluice';
    };
  }, [title]);
  if (rollout.data === undefined) {
    if (rollout.error instanceof SluiceProblem && rollout.error.status === 404)
      return (
        <Empty
          title="There is no such rollout"
          text="It may belong to a project that this token cannot see."
          link={{ href: '/rollouts', text: 'All rollouts' }}
        />
      );
    return rollout.isError ? (
      <Failed what="The rollout" error={rollout.error} again={rollout.refetch} />
    ) : (
      <Loading what="Reading the rollout" rows={8} />
    );
  }
  const { routes } = rollout.data.plan;
  const [only] = routes.length === 1 ? routes : [];
  return (
    <article className="rollout">
      {rollout.isError && (
        <Notice tone="warn">It cannot be read just now, so this may be old: {errorText(rollout.error)}</Notice>
      )}
      <RolloutHeader rollout={rollout.data} />
      <WhyCard rollout={rollout.data} />
      <div className="columns">
        <div className="column">
          {routes.length > 1 && <RoutesCard rollout={rollout.data} />}
          {progress.data === undefined ? (
            <NotYet title="Share of requests" error={progress.error} again={progress.refetch} />
          ) : (
            <ChartCard rollout={rollout.data} story={storyOfAll(routes, progress.data)} of={whose(routes)} />
          )}
          {only !== undefined && <BackendsCard rollout={rollout.data} route={only} />}
        </div>
        <div className="column side">
          <StepsCard rollout={rollout.data} />
          <GatewayCards rollout={rollout.data} />
        </div>
      </div>
      {progress.data !== undefined && <DecisionsCard decisions={progress.data.decisions} nowMs={serverNow()} />}
    </article>
  );
}

function whose(routes: readonly FrozenRouteOf[]) {
  const [first, ...others] = routes;
  return others.length > 0 ? (
    `mean of ${routes.length} routes`
  ) : (
    <>
      route <strong>{first?.name}</strong>
    </>
  );
}

function NotYet({ title, error, again }: { title: string; error: Error | null; again: () => unknown }) {
  return (
    <Card title={title}>
      {error === null ? (
        <Loading what={`Reading: ${title}`} rows={5} />
      ) : (
        <Failed what="Its course" error={error} again={again} />
      )}
    </Card>
  );
}
