import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AesGcmSealer } from './aes-gcm-sealer.js';
import { createSealingKeyFile, readSealingKeys } from './sealing-key.js';

const key = (id: string) => ({ id, bytes: randomBytes(32) });
const place = { table: 'clusters', row: 'clu_a', column: 'credentials' };

describe('a sealed secret', () => {
  const sealer = new AesGcmSealer([key('one')]);

  it('opens where it was sealed, and is sealed anew each time', () => {
    const [first, second] = [sealer.seal(place, 'geheim ü'), sealer.seal(place, 'geheim ü')];
    expect(sealer.open(place, first)).toBe('geheim ü');
    expect(first.nonce).not.toBe(second.nonce);
    expect(first.ciphertext).not.toBe(second.ciphertext);
    expect(Buffer.from(first.nonce, 'base64')).toHaveLength(12);
  });

  it.each([{ row: 'clu_b' }, { table: 'accounts' }, { column: 'other' }])('does not open elsewhere: %j', (other) => {
    expect(() => sealer.open({ ...place, ...other }, sealer.seal(place, 'secret'))).toThrow("can't be opened");
  });

  it.each(['nonce', 'ciphertext', 'tag'] as const)('does not open with another %s', (part) => {
    const sealed = sealer.seal(place, 'secret');
    const bytes = Buffer.from(sealed[part], 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(() => sealer.open(place, { ...sealed, [part]: bytes.toString('base64') })).toThrow("can't be opened");
  });

  it('does not open with a shortened tag', () => {
    const sealed = sealer.seal(place, 'secret');
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(() => sealer.open(place, { ...sealed, tag })).toThrow("can't be opened");
  });

  it('opens after a rotation while its key is still there, and names the key when it is not', () => {
    const [old, next] = [key('old'), key('next')];
    const sealed = new AesGcmSealer([old]).seal(place, 'secret');
    const rotated = new AesGcmSealer([next, old]);
    expect(rotated.open(place, sealed)).toBe('secret');
    expect(rotated.seal(place, 'secret').keyId).toBe('next');
    expect(() => new AesGcmSealer([next]).open(place, sealed)).toThrow('sealed with key old');
  });
});

describe('a key file', () => {
  it('is made readable by its owner alone, never over another, and read back', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'sluice-key-'));
    try {
      const file = path.join(directory, 'key');
      createSealingKeyFile(file);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(() => createSealingKeyFile(file)).toThrow('EEXIST');
      expect(readSealingKeys(file)).toHaveLength(1);
      expect(readSealingKeys(file)[0]?.bytes).toHaveLength(32);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.each([
    ['', 'holds no key'],
    ['# only a comment\n', 'holds no key'],
    ['c2hvcnQ=', 'not base64 of exactly 32 bytes'],
    ['not base64 at all', 'not base64 of exactly 32 bytes'],
  ])('with %j is refused without repeating it', (text, message) => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'sluice-key-'));
    try {
      writeFileSync(path.join(directory, 'key'), text);
      expect(() => readSealingKeys(path.join(directory, 'key'))).toThrow(message);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
