import { SluiceProblem, SluiceUnreachable } from '@sluice/contracts';

/** What went wrong in words, with every field that the server named. */
export function errorText(error: unknown): string {
  if (error instanceof SluiceProblem) {
    const fields = (error.problem.errors ?? []).map(({ field, message }) => `${field} ${message}`);
    return [error.problem.detail, ...fields].join(' · ');
  }
  if (error instanceof SluiceUnreachable) return 'Sluice cannot be reached from this browser just now.';
  return error instanceof Error ? error.message : String(error);
}
