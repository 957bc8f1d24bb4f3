/** A secret at rest: AES-256-GCM, all parts base64; which key sealed it, so that keys may rotate. */
export interface Sealed {
  readonly v: 1;
  readonly keyId: string;
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/** Where a secret stands. Bound to its ciphertext: a value copied to another row doesn't open. */
export interface SealedPlace {
  readonly table: string;
  readonly row: string;
  readonly column: string;
}

export abstract class Sealer {
  abstract seal(place: SealedPlace, secret: string): Sealed;
  /** Throws when the key is unknown or the value was moved or changed; the message names the place, never the value. */
  abstract open(place: SealedPlace, sealed: Sealed): string;
}
