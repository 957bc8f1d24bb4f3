import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifeMs = 10 * 365 * 24 * 3_600_000;

x509.cryptoProvider.set(webcrypto);

/** A certificate authority and what it signed, kept in a folder and made only once. */
export class CertificateFolder {
  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** The CA, made when it is not there. */
  async authority(commonName: string): Promise<KeyPair> {
    return this.keep('ca', async () => {
      const keys = await newKeys();
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serial(),
        name: [{ CN: [commonName] }],
        ...validity(),
        signingAlgorithm: algorithm,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
            true,
          ),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey) };
    });
  }

  /** A server certificate for loopback, signed by the authority. */
  async server(authority: KeyPair, file: string, names: readonly string[]): Promise<KeyPair> {
    return this.keep(file, () =>
      this.sign(authority, [{ CN: [names[0] ?? 'localhost'] }], x509.ExtendedKeyUsage.serverAuth, [
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: 'dns' as const, value })),
          { type: 'ip', value: '127.0.0.1' },
          { type: 'ip', value: '::1' },
        ]),
      ]),
    );
  }

  /** A client certificate: the user is the CN, each group an O. */
  async client(authority: KeyPair, file: string, user: string, groups: readonly string[]): Promise<KeyPair> {
    const name = [...groups.map((group) => ({ O: [group] })), { CN: [user] }];
    return this.keep(file, () => this.sign(authority, name, x509.ExtendedKeyUsage.clientAuth, []));
  }

  private async sign(
    authority: KeyPair,
    subject: x509.JsonName,
    usage: x509.ExtendedKeyUsage,
    extensions: x509.Extension[],
  ): Promise<KeyPair> {
    const keys = await newKeys();
    const issuer = new x509.X509Certificate(authority.certificate);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: new x509.Name(subject),
      issuer: issuer.subjectName,
      ...validity(),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: await fromPem(authority.key),
      extensions: [
        ...extensions,
        new x509.ExtendedKeyUsageExtension([usage]),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ],
    });
    return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey) };
  }

  private async keep(name: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
    const [certificateFile, keyFile] = [join(this.dir, `${name}.crt`), join(this.dir, `${name}.key`)];
    if (existsSync(certificateFile) && existsSync(keyFile))
      return { certificate: readFileSync(certificateFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    const made = await make();
    writeFileSync(keyFile, made.key, { mode: 0o600 });
    writeFileSync(certificateFile, made.certificate);
    return made;
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function fromPem(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, true, ['sign']);
}

function serial(): string {
  return `01${randomBytes(8).toString('hex')}`;
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + lifeMs) };
}
