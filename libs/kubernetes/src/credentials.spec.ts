import { beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidInput } from '@sluice/domain';
import { certificateAuthority, type KeyPair } from '@sluice/testing';
import { parseClusterCredentials } from './credentials.js';

let caPem: string;
let client: KeyPair;
let stranger: KeyPair;
const server = 'https://10.0.0.10:6443';

beforeAll(async () => {
  const ca = await certificateAuthority();
  caPem = ca.caPem;
  client = await ca.client('sluice');
  stranger = await ca.client('stranger');
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Field names and messages of what was refused; whatever is accepted fails the test. */
function issuesOf(parse: () => unknown): Record<string, string> {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidInput)
      return Object.fromEntries(error.issues.map(({ field, message }) => [field, message]));
    throw error;
  }
  throw new Error('it was accepted');
}

describe('credentials of a cluster', () => {
  it('are a server, its CA and a token', () => {
    expect(parseClusterCredentials({ server, caPem, token: 'abc' })).toEqual({
      server,
      caPem,
      auth: { kind: 'token', token: 'abc' },
    });
  });

  it('may have the CA in base64, a client certificate, and the name in the server’s certificate', () => {
    const given = {
      server,
      caData: base64(caPem),
      tlsServerName: 'kubernetes',
      clientCertificate: client.certPem,
      clientKey: client.keyPem,
    };
    expect(parseClusterCredentials(given)).toEqual({
      server,
      caPem,
      tlsServerName: 'kubernetes',
      auth: { kind: 'clientCertificate', certPem: client.certPem, keyPem: client.keyPem },
    });
  });

  it.each([
    'exec',
    'auth-provider',
    'proxy-url',
    'insecure-skip-tls-verify',
    'certificate-authority',
    'tokenFile',
    'as',
    'username',
  ])('never hold %s', (key) => {
    expect(issuesOf(() => parseClusterCredentials({ server, caPem, token: 'abc', [key]: 'x' }))).toEqual({
      [key]: expect.any(String),
    });
  });

  it('name every field that is wrong, and repeat no value', () => {
    const issues = issuesOf(() =>
      parseClusterCredentials({
        server: 'http://10.0.0.10',
        caPem: 'secret-ca',
        token: 'secret token',
        surprise: 'secret-x',
      }),
    );
    expect(Object.keys(issues).sort()).toEqual(['caPem', 'server', 'surprise', 'token']);
    expect(JSON.stringify(issues)).not.toContain('secret');
  });

  it.each(['https://user:secret@host', 'https://host/?a=b', 'https://host/#x', 'not a url', 'ftp://host', ''])(
    'do not go to %s',
    (address) => {
      expect(issuesOf(() => parseClusterCredentials({ server: address, caPem, token: 'abc' }))).toHaveProperty(
        'server',
      );
    },
  );

  it('are one way to log in, not two and not none', () => {
    expect(issuesOf(() => parseClusterCredentials({ server, caPem }))).toHaveProperty('token');
    expect(
      issuesOf(() =>
        parseClusterCredentials({
          server,
          caPem,
          token: 'abc',
          clientCertificate: client.certPem,
          clientKey: client.keyPem,
        }),
      ),
    ).toHaveProperty('token');
  });

  it('want the key that belongs to the certificate', () => {
    expect(
      issuesOf(() =>
        parseClusterCredentials({ server, caPem, clientCertificate: client.certPem, clientKey: stranger.keyPem }),
      ),
    ).toHaveProperty('clientKey');
    expect(
      issuesOf(() => parseClusterCredentials({ server, caPem, clientCertificate: client.certPem })),
    ).toHaveProperty('clientKey');
  });

  it('are no longer than a chain and a key may be', () => {
    const issues = issuesOf(() =>
      parseClusterCredentials({
        server,
        caPem: `${'#'.repeat(32_768)}\n${caPem}`,
        clientCertificate: client.certPem,
        clientKey: `${'#'.repeat(16_384)}\n${client.keyPem}`,
      }),
    );
    expect(issues).toEqual({
      caPem: 'must be at most 32768 characters',
      clientKey: 'must be at most 16384 characters',
    });
  });

  it.each([null, 'text', 7, []])('are a mapping, not %j', (value) => {
    expect(() => parseClusterCredentials(value)).toThrow(InvalidInput);
  });
});
