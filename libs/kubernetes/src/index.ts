export { DirectClusterAgent } from './direct-cluster-agent.js';
