import { ExternalFailure } from '@sluice/control';

/** A refusal of our own, before anything is sent: terminal, and never in doubt. */
export function refusal(code: string, message: string): ExternalFailure {
  return new ExternalFailure({ system: 'aws', kind: 'terminal', code, message });
}
