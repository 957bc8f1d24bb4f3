/** A real AWS account and Region, as GetCallerIdentity named it through an account record. */
export interface RealAccount {
  /** `aws`, `aws-cn` … */
  readonly partition: string;
  /** 12 digits. */
  readonly awsAccountId: string;
  readonly region: string;
}

/** Which gateway the traffic of an account record goes through. Status: none of it is part of the account's version. */
export interface GatewayMembership {
  /**
   * Puts the account, and what it still has to write, behind the gateway of this number, and tells its owner. Makes the
   * gateway, under `newId`, where this is the first account of that number. Returns whether it wasn't there before.
   */
  join(accountId: string, number: RealAccount, newId: string): Promise<boolean>;
  /** Behind none: its number isn't proven any more. Nobody sends what it has to write. Returns whether it was behind one. */
  leave(accountId: string): Promise<boolean>;
  /** An account behind none was asked for just now: `unproven` passes over it for a while. */
  noteAsked(accountId: string): Promise<void>;
  /** Accounts behind none that weren't asked for within `forMs`, the longest waiting first, at most `most`. */
  unproven(forMs: number, most: number): Promise<readonly string[]>;
  /** Writes that were decided while their account was being proven go behind its gateway. */
  adoptIntents(): Promise<void>;
}
