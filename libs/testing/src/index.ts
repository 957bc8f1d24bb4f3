export { createTestDatabase, type TestDatabase } from './postgres.js';
export { ManualSignals } from './signals/manual-signals.js';
export { ManualTimers } from './timers/manual-timers.js';
export * from './cluster-agent/index.js';
export { describeLoadBalancerContract } from './load-balancer/contract.js';
export { InMemoryFaults, failure as awsFailure, refusal as awsRefusal } from './load-balancer/in-memory-faults.js';
export { InMemoryLoadBalancer, type NewRoute, type RecordedWrite } from './load-balancer/in-memory-load-balancer.js';
export { inMemoryPeer } from './load-balancer/in-memory-peer.js';
export {
  likeAws,
  noFaults,
  type ConsoleEdit,
  type LoadBalancerPeer,
  type PeerCapabilities,
  type PeerFaults,
} from './load-balancer/peer.js';
export {
  awsError,
  awsResult,
  members,
  ScriptedAws,
  type AwsReply,
  type AwsRequest,
} from './load-balancer/scripted-aws.js';
