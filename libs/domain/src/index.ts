export * from './errors.js';
export * from './weights/types.js';
export * from './route/types.js';
export * from './plan/types.js';
export * from './rollout/states.js';
export * from './rollout/types.js';
export * from './rollout/decision.js';
