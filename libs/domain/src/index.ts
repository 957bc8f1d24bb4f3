export * from './errors.js';
export * from './reasons.js';

export * from './events/actor.js';
export * from './events/event-types.js';

export * from './weights/types.js';
export * from './weights/equal.js';
export * from './weights/apportion.js';
export * from './weights/validate.js';
export * from './weights/from-shares.js';
export * from './weights/mean-shares.js';

export * from './route/types.js';
export * from './route/our-tags.js';
export * from './route/ownership.js';

export * from './plan/types.js';
export * from './plan/validate-plan.js';
export * from './plan/compile.js';

export * from './rollout/states.js';
export * from './rollout/types.js';
export * from './rollout/decision.js';
export * from './rollout/decide.js';
export * from './rollout/verbs.js';
export * from './rollout/hold.js';
export * from './rollout/back.js';
export * from './rollout/change.js';
export * from './rollout/evolve.js';
export * from './rollout/said.js';
export * from './rollout/applied.js';
export * from './rollout/progress.js';
export * from './rollout/receivers.js';
export * from './rollout/step-weights.js';
export * from './rollout/three-way-diff.js';
export * from './rollout/explain.js';

export * from './replay/replay.js';
export { evidenceOf, type Evidence } from './replay/evidence.js';

export * from './facts/types.js';
export * from './facts/looked-at.js';
export * from './facts/fresh.js';
export * from './facts/served-hold.js';

export * from './goals/types.js';
export * from './goals/resolve.js';
export * from './goals/same-split.js';
export * from './goals/foreign.js';

export * from './policy/types.js';
export * from './policy/may-move.js';
export * from './policy/grouped-text.js';

export * from './lane/token-bucket.js';
export * from './lane/aimd.js';
export * from './lane/priority.js';

export * from './gateway/read-priority.js';
export * from './gateway/read-budget-state.js';
export * from './gateway/period.js';
export * from './gateway/reads-wanted.js';
export * from './gateway/schedule.js';
export * from './gateway/watches-others.js';
export * from './gateway/groups-to-watch.js';

export * from './drain/drained.js';
export * from './drain/zero-since.js';

export * from './text/duration.js';
export * from './text/instant-text.js';
export * from './text/shares-text.js';
export * from './text/health-text.js';

export { known, type Known } from './rollout/context.js';
export { own } from './text/record.js';
