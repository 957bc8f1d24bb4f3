export { certificateAuthority, type CertificateAuthority, type KeyPair } from './certificates.js';
export { desiredBinding, targetGroupArn, type ClusterWorld } from './cluster-world.js';
export { describeClusterAgentContract, type ClusterCapabilities, type StartedWorld } from './contract.js';
export { eventually } from './eventually.js';
export { InMemoryClusterAgent, powerlessToken } from './in-memory-cluster-agent.js';
export { InMemoryCluster } from './in-memory-cluster.js';
export { RawKube, patchTypes, type RawReply, type RawWatch } from './raw-kube.js';
export { realApiServerAssets, startRealApiServer, type RealApiServer } from './real-api-server.js';
export { WireClusterWorld, bindingPath } from './wire-cluster-world.js';
