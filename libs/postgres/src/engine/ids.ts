import { randomBytes } from 'node:crypto';
import { Ids } from '@sluice/control';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 20 base32 characters (100 random bits) behind a prefix that says what the id names. */
export class RandomIds extends Ids {
  next(prefix: string): string {
    return `${prefix}_${Array.from(randomBytes(20), (byte) => alphabet[byte % 32]).join('')}`;
  }
}
