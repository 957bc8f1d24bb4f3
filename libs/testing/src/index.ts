export { createTestDatabase, type TestDatabase } from './postgres.js';
export * from './cluster-agent/index.js';
