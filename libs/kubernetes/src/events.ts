import type { CoreV1Event } from '@kubernetes/client-node';

/** What the controller reports about a binding (LBC `pkg/k8s/events.go`); the API server forgets it after an hour. */
const success = 'SuccessfullyReconciled';
/** The controller reports success right after this one: its clean-up of the targets succeeded. */
const followedBySuccess = 'BackendNotFound';
const sameReconcileMs = 2_000;

/** Warnings about one binding that no later success has settled, newest first, as `reason: message`. */
export function problemsOf(events: readonly CoreV1Event[], uid: string): string[] {
  const about = events.filter((event) => event.involvedObject.uid === uid).sort(byAge);
  const successes = about.filter((event) => event.reason === success);
  return about
    .filter((event) => event.type === 'Warning' && !successes.some((later) => settles(later, event)))
    .map((event) => `${event.reason ?? 'Warning'}: ${event.message ?? ''}`)
    .filter((line, index, lines) => lines.indexOf(line) === index);
}

function settles(later: CoreV1Event, warning: CoreV1Event): boolean {
  if (warning.reason === followedBySuccess) return atMs(later) - atMs(warning) > sameReconcileMs;
  return byAge(later, warning) < 0;
}

/** Newest first; within the same second the one that was written last. */
function byAge(a: CoreV1Event, b: CoreV1Event): number {
  return atMs(b) - atMs(a) || Number(b.metadata.resourceVersion ?? 0) - Number(a.metadata.resourceVersion ?? 0);
}

function atMs(event: CoreV1Event): number {
  const at =
    event.lastTimestamp ?? event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp;
  return at === undefined ? 0 : at.getTime();
}
