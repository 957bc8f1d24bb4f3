/** How a change is asked for. */
export interface MutationOptions {
  /** Version (ETag) that the object must still have; otherwise `PreconditionFailed`. */
  readonly ifVersion?: number;
  /** Validates everything and answers what would be; nothing is stored, nothing outside is changed. */
  readonly dryRun?: boolean;
}
