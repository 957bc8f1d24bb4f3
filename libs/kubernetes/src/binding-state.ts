import { ExternalFailure, type BindingState, type ClusterAccess } from '@sluice/control';
import { isRecord, textOf } from './api-reply.js';

/** The controller drops this finalizer once it has deregistered every target. */
const controllerFinalizer = 'elbv2.k8s.aws/resources';

/** Reads a TargetGroupBinding; a reply that is none is an `ExternalFailure` (`UnexpectedReply`), never half a binding. */
export function bindingState(value: unknown, access: ClusterAccess): BindingState {
  const metadata = isRecord(value) ? value['metadata'] : undefined;
  const spec = isRecord(value) ? value['spec'] : undefined;
  if (!isRecord(value) || !isRecord(metadata) || textOf(metadata, 'name') === '' || textOf(metadata, 'uid') === '') {
    throw new ExternalFailure({
      system: 'kubernetes',
      kind: 'terminal',
      code: 'UnexpectedReply',
      message: `Cluster ${access.name} (${access.server}) answered with something that is no TargetGroupBinding. Is this address really an API server?`,
    });
  }
  const serviceRef = isRecord(spec) ? spec['serviceRef'] : undefined;
  const finalizers = stringsOf(metadata['finalizers']);
  const deleting = textOf(metadata, 'deletionTimestamp') !== '';
  return {
    namespace: textOf(metadata, 'namespace'),
    name: textOf(metadata, 'name'),
    uid: textOf(metadata, 'uid'),
    generation: numberOf(metadata['generation']) ?? 0,
    observedGeneration: isRecord(value['status']) ? numberOf(value['status']['observedGeneration']) : null,
    deleting,
    service: textOf(serviceRef, 'name'),
    port: portOf(isRecord(serviceRef) ? serviceRef['port'] : undefined),
    targetGroupArn: textOf(spec, 'targetGroupARN'),
    targetType: targetTypeOf(textOf(spec, 'targetType')),
    labels: labelsOf(metadata['labels']),
    problems: [
      ...failedConditions(value['status']),
      ...(deleting ? [waitingFor(finalizers, textOf(metadata, 'deletionTimestamp'))] : []),
    ],
  };
}

function failedConditions(status: unknown): string[] {
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : [];
  return conditions
    .filter((condition: unknown) => textOf(condition, 'type') === 'Ready' && textOf(condition, 'status') === 'False')
    .map((condition: unknown) => `${textOf(condition, 'reason')}: ${textOf(condition, 'message')}`);
}

function waitingFor(finalizers: readonly string[], since: string): string {
  if (finalizers.includes(controllerFinalizer)) {
    return `Terminating: deleted at ${since}; the AWS Load Balancer Controller of this cluster still has to deregister its targets and drop the finalizer ${controllerFinalizer}. If this stays, its pods are down or may not call AWS: look at its Deployment and log.`;
  }
  return `Terminating: deleted at ${since}; waits for ${finalizers.length === 0 ? 'the API server' : `the finalizers ${finalizers.join(', ')}`}.`;
}

function portOf(value: unknown): number | string {
  return typeof value === 'number' || typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function targetTypeOf(text: string): BindingState['targetType'] {
  return text === 'ip' || text === 'instance' ? text : null;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function labelsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
