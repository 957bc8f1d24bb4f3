// Whether the upgrade did what it said: every step verified with exactly its weights, the share of real responses during
// each hold within statistical bounds, no request lost.

/** How far a measured share may lie from the intended one, in standard deviations: passed once in millions by chance. */
const SIGMAS = 5;
/** Requests just before a change may have been answered after it; those behind it count once the plan's settle time is over. */
const MARGIN_MS = 500;

/**
 * Findings about an ended rollout: `{ steps, problems }`; `steps` has `{ step, verified, counts, problem }` each.
 * @param {{ rollout: object, timeline: object, verified: Map<number, { at: string, weights: Record<string, object[]> }>,
 *   load: { between: Function, count: number, lost: number, failures: string[] }, services: Record<string, string>, endedAt: number }} run
 *   `weights` are by route id; `services` maps a backend's name to what `load` counts its answers by; `endedAt` is when the load ended (Date.now).
 */
export function judge({ rollout, timeline, verified, load, services, endedAt }) {
  const steps = rollout.plan.steps.map((step) => {
    const seen = verified.get(step.index);
    if (seen === undefined) return { step, verified: false, problem: 'it was never verified' };
    const others = rollout.plan.routes.filter(
      ({ id, backends }) => !standsFor(seen.weights[id] ?? [], step.shares, backends),
    );
    if (others.length > 0) return { step, verified: false, problem: notSoText(others, seen.weights) };
    const from = Date.parse(seen.at);
    const until = Math.min(...startsOfOthers(timeline, step.index).filter((at) => at > from), endedAt);
    const counts = load.between(from + rollout.plan.settleMs, until - MARGIN_MS);
    return { step, verified: true, counts, problem: shareProblem(step.shares, counts, services) };
  });
  const problems = [
    ...(rollout.state === 'Succeeded' ? [] : [`the rollout ended ${rollout.state}: ${rollout.message}`]),
    ...steps
      .filter(({ problem }) => problem !== undefined)
      .map(({ step, problem }) => `step ${step.index + 1} (${step.name}): ${problem}`),
    ...(load.lost === 0 ? [] : [`${load.lost} of ${load.count} requests failed, the first ${load.failures[0]}`]),
    ...(load.count === 0 ? ['no request was made'] : []),
  ];
  return { steps, problems };
}

/** When other steps changed weights: a step's own points bear the moments at which they were stored, some after `verifiedAt`. */
const startsOfOthers = ({ points }, stepIndex) =>
  points.filter((point) => point.stepIndex !== stepIndex).map((point) => Date.parse(point.at));

function notSoText([first, ...others], weights) {
  const more = others.length === 0 ? '' : `, and not what it should on ${others.length} more`;
  return `it was called verified while the load balancer had ${JSON.stringify(weights[first.id] ?? [])} for route ${first.name}${more}`;
}

/** Whether these weights give each backend its share (tenths of a percent by name), to AWS's integers. */
function standsFor(weights, shares, backends) {
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  return (
    total > 0 &&
    weights.length === backends.length &&
    weights.every(({ targetGroupArn, weight }) => {
      const backend = backends.find((each) => each.targetGroupArn === targetGroupArn);
      return backend !== undefined && Math.round((1000 * weight) / total) === (shares[backend.name] ?? 0);
    })
  );
}

/** Compares measured with intended shares (tenths of a percent per backend); `undefined` when they agree. */
export function shareProblem(permilles, counts, services) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'no request was answered while it held';
  for (const [backend, service] of Object.entries(services)) {
    const intended = (permilles[backend] ?? 0) / 1000;
    const measured = (counts[service] ?? 0) / total;
    const allowed = SIGMAS * Math.sqrt((intended * (1 - intended)) / total);
    if (Math.abs(measured - intended) > allowed) {
      return `${backend} answered ${percent(measured)} of ${total} requests, intended ${percent(intended)} ± ${percent(allowed)}`;
    }
  }
  return undefined;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
