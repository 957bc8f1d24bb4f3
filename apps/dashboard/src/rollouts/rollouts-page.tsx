import { Link } from 'wouter';
import { useProjects, useRollouts } from '../api/queries.js';
import { whenText } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { StateBadge } from '../rollout/state-badge.js';
import { useChosenProject } from '../shell/project.js';
import { Empty, Failed, Loading } from '../ui/states.js';

/** Rollouts of the chosen project, newest first. */
export function RolloutsPage() {
  const project = useChosenProject();
  const rollouts = useRollouts(project);
  const names = new Map(useProjects().data?.items.map(({ id, name }) => [id, name]));
  const now = useNow(60_000);
  if (rollouts.data === undefined)
    return rollouts.isError ? (
      <Failed what="The rollouts" error={rollouts.error} again={rollouts.refetch} />
    ) : (
      <Loading what="Reading the rollouts" rows={6} />
    );
  const { items, next } = rollouts.data;
  if (items.length === 0)
    return (
      <Empty
        title="No rollout yet"
        text="A rollout is one run of a plan. Make a plan with POST /v1/plans, then start it with POST /v1/rollouts; it shows up here by itself."
      />
    );
  return (
    <article className="rollouts">
      <header className="page-head">
        <h1>Rollouts</h1>
      </header>
      <div className="card table-box">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Rollout</th>
              <th scope="col">State</th>
              <th scope="col">Step</th>
              <th scope="col" className="wide-only right">
                Routes
              </th>
              <th scope="col" className="wide-only">
                Why it stands there
              </th>
              <th scope="col" className="wide-only">
                Created
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((rollout) => (
              <tr key={rollout.id}>
                <td>
                  <Link href={`/rollouts/${rollout.id}`} className="row-link">
                    {rollout.name}
                  </Link>
                  <div className="muted small">{names.get(rollout.projectId)}</div>
                </td>
                <td>
                  <StateBadge state={rollout.state} />
                </td>
                <td className="num">
                  {Math.max(0, rollout.stepIndex + 1)}/{rollout.stepCount}
                </td>
                <td className="wide-only right num">{rollout.routeCount}</td>
                <td className="wide-only message-cell muted">{rollout.message}</td>
                <td className="wide-only num muted nowrap">{whenText(Date.parse(rollout.createdAt), now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {next !== null && <p className="muted small">These are the newest {items.length}; GET /v1/rollouts has all.</p>}
    </article>
  );
}
