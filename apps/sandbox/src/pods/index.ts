export { NamespaceController } from './namespace-controller.js';
export { PodSimulator } from './pod-simulator.js';
export { NetworkRegistry } from './network-registry.js';
export { podRanges } from './address-plan.js';
