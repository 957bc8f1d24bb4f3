export { DirectClusterAgent } from './direct-cluster-agent.js';
export { parseClusterCredentials, type ClusterEndpoint } from './credentials.js';
export { parseKubeconfig } from './kubeconfig.js';
