import { createHash, randomBytes } from 'node:crypto';

const prefix = 'sluice_';
const form = /^sluice_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

/** `sluice_`, 256 random bits in base64url, and a checksum by which scanners and typos are told without asking the store. */
export function newSecret(): string {
  const body = randomBytes(32).toString('base64url');
  return prefix + body + checksum(body);
}

/** Whether this could be one of our secrets. */
export function isWellFormed(secret: string): boolean {
  const match = form.exec(secret);
  return match?.[1] !== undefined && checksum(match[1]) === match[2];
}

/** Hex SHA-256. No salt is needed: the secret is 256 random bits. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** What a token is recognised by in a list; says 30 of its 256 bits. */
export function shownPrefix(secret: string): string {
  return secret.slice(0, prefix.length + 5);
}

function checksum(body: string): string {
  return createHash('sha256')
    .update(prefix + body, 'utf8')
    .digest('hex')
    .slice(0, 8);
}
