import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Sealer, type Sealed, type SealedPlace } from '@sluice/control';
import type { SealingKey } from './sealing-key.js';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM with a fresh 96-bit nonce for every secret; table, row, column and key id are authenticated with it. */
export class AesGcmSealer extends Sealer {
  readonly #current: SealingKey;
  readonly #keys: ReadonlyMap<string, SealingKey>;

  /** The first key seals; every key opens. */
  constructor(keys: readonly SealingKey[]) {
    super();
    const [current] = keys;
    if (!current) throw new Error('sealing needs at least one key');
    this.#current = current;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  seal(place: SealedPlace, secret: string): Sealed {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#current.bytes, nonce, { authTagLength: tagBytes });
    cipher.setAAD(boundTo(place, this.#current.id));
    const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return {
      v: 1,
      keyId: this.#current.id,
      nonce: nonce.toString('base64'),
      ciphertext: ciphertext.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
    };
  }

  open(place: SealedPlace, sealed: Sealed): string {
    const where = `${place.table} ${place.row}, ${place.column}`;
    const key = this.#keys.get(sealed.keyId);
    if (!key)
      throw new Error(
        `${where} was sealed with key ${sealed.keyId}, which this process doesn't have: put that key back into the key file`,
      );
    try {
      const decipher = createDecipheriv(algorithm, key.bytes, Buffer.from(sealed.nonce, 'base64'), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(boundTo(place, sealed.keyId));
      decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
      return decipher.update(Buffer.from(sealed.ciphertext, 'base64'), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new Error(
        `${where} can't be opened: it was changed or moved after it was sealed; store the credentials again`,
      );
    }
  }
}

// ids and names of ours hold no '|', so this is unambiguous
function boundTo(place: SealedPlace, keyId: string): Buffer {
  return Buffer.from([place.table, place.row, place.column, keyId].join('|'), 'utf8');
}
