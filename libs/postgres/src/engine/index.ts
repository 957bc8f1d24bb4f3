export { PostgresFactStore } from './fact-store.js';
export { readFigures, type Figures } from './figures.js';
export { PostgresGatewayStore } from './gateway-store.js';
export { RandomIds } from './ids.js';
export { PostgresLaneStore } from './lane-store.js';
export { PostgresRolloutStore } from './rollout-store.js';
export { PostgresRouteWriteStore } from './route-write-store.js';
export { PostgresSignals } from './signals.js';
export { PostgresDriftStore } from './drift-store.js';
