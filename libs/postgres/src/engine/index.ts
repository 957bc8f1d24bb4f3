export { PostgresEventStore } from './event-store.js';
export { PostgresSealingRight } from './sealing-right.js';
export { readFigures, type Figures } from './figures.js';
export { RandomIds } from './ids.js';
export { PostgresLaneStore } from './lane-store.js';
export { PostgresRolloutStore } from './rollout-store.js';
export { PostgresRouteWriteStore } from './route-write-store.js';
export { PostgresSignals } from './signals.js';
