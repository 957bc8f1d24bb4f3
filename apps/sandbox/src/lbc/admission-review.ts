import type { Binding } from './binding.js';

export interface ReviewRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly object: Binding | null;
  readonly oldObject: Binding | null;
}

/** What a webhook decides. `patch` holds the fields of `spec` that it fills in. */
export type Verdict =
  | { readonly kind: 'Allowed'; readonly patch?: Readonly<Record<string, string>> }
  | { readonly kind: 'Denied'; readonly message: string }
  | { readonly kind: 'Unreadable'; readonly message: string };

export const allowed: Verdict = { kind: 'Allowed' };

export function denied(message: string): Verdict {
  return { kind: 'Denied', message };
}

/** An `admission.k8s.io/v1` AdmissionReview as a webhook answers it. */
export function reviewAnswer(uid: string, verdict: Verdict): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...responseOf(verdict) } };
}

function responseOf(verdict: Verdict): object {
  switch (verdict.kind) {
    case 'Denied':
      return { allowed: false, status: { metadata: {}, message: verdict.message, reason: 'Forbidden', code: 403 } };
    case 'Unreadable':
      return { allowed: false, status: { metadata: {}, message: verdict.message, code: 400 } };
    case 'Allowed': {
      const additions = Object.entries(verdict.patch ?? {}).map(([field, value]) => ({
        op: 'add',
        path: `/spec/${field}`,
        value,
      }));
      if (additions.length === 0) return { allowed: true };
      return {
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(additions)).toString('base64'),
      };
    }
  }
}

/** What Go's JSON decoder says of a port that is neither number nor text; undefined when it is one. */
export function portProblem(binding: Binding | null): string | undefined {
  const port: unknown = binding?.spec.serviceRef?.port;
  if (port === undefined || port === null || typeof port === 'string' || Number.isInteger(port)) return undefined;
  const what = Array.isArray(port)
    ? 'array'
    : typeof port === 'object'
      ? 'object'
      : typeof port === 'boolean'
        ? 'bool'
        : `number ${JSON.stringify(port)}`;
  return `json: cannot unmarshal ${what} into Go value of type int32`;
}
