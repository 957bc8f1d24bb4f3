import type { FieldIssue } from '@sluice/domain';

/** Secrets that stand outside of the store: `file:/path`, in the one directory that the process was given for them. */
export abstract class References {
  /** What is wrong with it (form, outside of the directory); null = it may be used. Doesn't read it. */
  abstract check(field: string, reference: string): FieldIssue | null;
  /** The secret, without a line end at its end. Conflict `ReferenceUnreadable` when it can't be read. */
  abstract read(reference: string): Promise<string>;
}
