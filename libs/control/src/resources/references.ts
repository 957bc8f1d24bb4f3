import type { FieldIssue } from '@sluice/domain';

/** Secrets that stand outside of the store: `file:name`, in the folder that the operator gave to the project. */
export abstract class References {
  /** What is wrong with its form; null = it may be used. Doesn't look whether there is such a file. */
  abstract check(field: string, reference: string): FieldIssue | null;
  /**
   * The secret of this project, without a line end at its end. Conflict `ReferenceUnreadable`, with one message whatever the
   * cause, when it can't be had: what stands in other folders can't be told from what stands nowhere.
   */
  abstract read(projectId: string, reference: string): Promise<string>;
}
