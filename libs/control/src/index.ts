export * from './ports/external-failure.js';
export * from './ports/load-balancer.js';
export * from './ports/cluster-agent.js';
export * from './context.js';
export * from './resources/types.js';
export * from './rollouts/types.js';
