export * from './ports/external-failure.js';
export * from './ports/load-balancer.js';
export * from './ports/cluster-agent.js';
