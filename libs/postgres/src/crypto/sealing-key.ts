import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/** A key for sealing, known by an id that says nothing about it. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Reads keys from a file: one line each, base64 of exactly 32 bytes; the first one seals, all of them open (rotation:
 * put the new key first). Lines that are empty or start with `#` are skipped.
 * @throws Error that names the file and what is wrong, never a key.
 */
export function readSealingKeys(file: string): readonly SealingKey[] {
  const lines = textOf(file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0)
    throw new Error(`${file} holds no key: write base64 of 32 random bytes into it (openssl rand -base64 32)`);
  return lines.map((line, i) => sealingKey(line, `${file}, key ${i + 1}`));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Error(`the keys that seal credentials, ${file}, cannot be read (${code})`, { cause: error });
  }
}

/** Writes a new key to a file that must not exist yet, readable by its owner alone. */
export function createSealingKeyFile(file: string): void {
  writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
}

function sealingKey(base64: string, where: string): SealingKey {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== base64)
    throw new Error(`${where} is not base64 of exactly 32 bytes`);
  return { id: createHash('sha256').update('sluice key id').update(bytes).digest('hex').slice(0, 12), bytes };
}
