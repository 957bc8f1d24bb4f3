export { NamespaceController } from './namespace-controller.js';
export { PodSimulator, type PodSimulatorOptions } from './pod-simulator.js';
export { NetworkRegistry } from './network-registry.js';
export { podRanges } from './address-plan.js';
export { instanceId, podsAnnotation } from './service-plan.js';
