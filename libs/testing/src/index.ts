export { createTestDatabase, type TestDatabase } from './postgres.js';
export { describeGatewayStoreContract, type GatewayStorePeer } from './gateways/contract.js';
export { InMemoryGatewayStore } from './gateways/in-memory-gateway-store.js';
export { ManualTimers } from './timers/manual-timers.js';
export { NodeTimers } from './timers/node-timers.js';
export { InMemoryFactStore, type RecordedLooks } from './gateways/in-memory-fact-store.js';
export { awsRefuses, groupArn, ruleArn, ScriptedGateway, type ScriptedRequest } from './gateways/scripted-gateway.js';
export { laneGroup, laneWeights, ScriptedLane, type LaneRow, type LaneWrite } from './lanes/scripted-lane.js';
export { deferred } from './deferred.js';
export { ManualSignals } from './signals/manual-signals.js';
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
export * as elbReplies from './load-balancer/elb-replies.js';
export {
  awsError,
  awsResult,
  members,
  ScriptedAws,
  type AwsReply,
  type AwsRequest,
} from './load-balancer/scripted-aws.js';
