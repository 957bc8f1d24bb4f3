import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { FieldIssue } from '@sluice/domain';
import { isRecord } from './api-reply.js';

/** What must never come with a cluster's credentials, and why. */
const refusedKeys: Readonly<Record<string, string>> = {
  exec: 'would run a program on the server. Give a token instead, for example of a ServiceAccount (kubectl create token)',
  'auth-provider': 'would run a program on the server. Give a token or a client certificate instead',
  'proxy-url': 'would send the credentials through a proxy. Give an address that the server reaches directly',
  'insecure-skip-tls-verify': `would trust anybody who answers. Give the cluster's CA instead`,
  'certificate-authority': 'names a file on the server. Embed it (kubectl config view --raw --minify --flatten)',
  'client-certificate': 'names a file on the server. Embed it (kubectl config view --raw --minify --flatten)',
  'client-key': 'names a file on the server. Embed it (kubectl config view --raw --minify --flatten)',
  tokenFile: 'names a file on the server. Give the token itself',
  'token-file': 'names a file on the server. Give the token itself',
  as: 'acts as somebody else. Give credentials of the user that is meant',
  username: 'is password login, which API servers no longer take. Give a token or a client certificate',
  password: 'is password login, which API servers no longer take. Give a token or a client certificate',
};

/** PEM is decoded on the thread that everything else waits for: a chain of three certificates has some 6 KB. */
const largestCertificate = 32_768;
const largestKey = 16_384;

/** Reads untrusted data field by field and gathers everything that is wrong; values never reach a message. */
export class StrictReader {
  readonly issues: FieldIssue[] = [];

  complain(field: string, message: string): void {
    this.issues.push({ field, message });
  }

  /** A mapping with only these keys; every other key is refused by name. */
  record(value: unknown, field: string, allowed: readonly string[]): Record<string, unknown> {
    if (!isRecord(value)) {
      this.complain(field, value === undefined ? 'is missing' : 'must be a mapping');
      return {};
    }
    for (const key of Object.keys(value)) {
      if (!allowed.includes(key))
        this.complain(under(field, key), refusedKeys[key] ?? `is not known here; only ${allowed.join(', ')} are`);
    }
    return value;
  }

  list(value: unknown, field: string): readonly unknown[] {
    if (Array.isArray(value) && value.length > 0) return value;
    this.complain(field, 'must be a list with at least one entry');
    return [];
  }

  text(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    this.complain(field, 'must be a text that is not empty');
    return undefined;
  }

  /** The API server's address: https, no user, query or fragment. */
  server(value: unknown, field: string): string {
    const text = this.text(value, field);
    const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
    if (url === null) this.complain(field, 'must be the https URL of the API server');
    else if (url.protocol !== 'https:')
      this.complain(field, 'must begin with https://: credentials are never sent in the clear');
    else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      this.complain(field, 'must have no user, password, query or fragment');
    return text ?? '';
  }

  /** Name to expect in the server's certificate instead of the host of its address. */
  serverName(value: unknown, field: string): string | undefined {
    const text = this.text(value, field);
    if (text !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text))
      this.complain(field, 'must be a DNS name');
    return text;
  }

  token(value: unknown, field: string): string | undefined {
    const text = this.text(value, field);
    if (text !== undefined && (!/^[\x21-\x7e]+$/.test(text) || text.length > 16_384)) {
      this.complain(field, 'must be one word of printable characters, 16384 at most');
    }
    return text;
  }

  certificate(pem: string | undefined, field: string): string {
    if (pem === undefined) {
      this.complain(field, 'is missing');
      return '';
    }
    if (pem.length > largestCertificate) {
      this.complain(field, `must be at most ${largestCertificate} characters`);
      return '';
    }
    try {
      new X509Certificate(pem);
    } catch {
      this.complain(field, 'must hold a certificate as PEM');
    }
    return pem;
  }

  /** A client certificate and the key that belongs to it. */
  keyPair(
    certPem: string | undefined,
    keyPem: string | undefined,
    certField: string,
    keyField: string,
  ): { certPem: string; keyPem: string } {
    const before = this.issues.length;
    const cert = this.certificate(certPem, certField);
    if (keyPem === undefined) this.complain(keyField, 'is missing');
    else if (keyPem.length > largestKey) this.complain(keyField, `must be at most ${largestKey} characters`);
    if (this.issues.length === before && !fits(cert, keyPem ?? ''))
      this.complain(keyField, 'must be the unencrypted PEM key of the client certificate');
    return { certPem: cert, keyPem: keyPem ?? '' };
  }

  /** base64 of PEM, as kubeconfigs have it, decoded. */
  base64(value: unknown, field: string): string | undefined {
    const text = this.text(value, field)?.replace(/\s+/g, '');
    if (text === undefined) return undefined;
    if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text, 'base64').toString('utf8');
    this.complain(field, 'must be base64 of PEM');
    return undefined;
  }
}

function fits(certPem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function under(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}
