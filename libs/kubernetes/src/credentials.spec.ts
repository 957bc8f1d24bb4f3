import { beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidInput } from '@sluice/domain';
import { certificateAuthority, type KeyPair } from '@sluice/testing';
import { stringify } from 'yaml';
import { parseClusterCredentials } from './credentials.js';
import { parseKubeconfig } from './kubeconfig.js';

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

  it.each([null, 'text', 7, []])('are a mapping, not %j', (value) => {
    expect(() => parseClusterCredentials(value)).toThrow(InvalidInput);
  });
});

describe('a kubeconfig', () => {
  const plain = (change: { cluster?: object; user?: object; top?: object } = {}) => ({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    'current-context': 'blue',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': base64(caPem), ...change.cluster } }],
    users: [{ name: 'u', user: change.user ?? { token: 'abc' } }],
    contexts: [{ name: 'blue', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
    ...change.top,
  });
  const issuesIn = (config: object) => issuesOf(() => parseKubeconfig(stringify(config)));

  it('is read when everything is embedded in it', () => {
    expect(parseKubeconfig(stringify(plain()))).toEqual({ server, caPem, auth: { kind: 'token', token: 'abc' } });
  });

  it('may log in with an embedded certificate, under the name in the server’s certificate', () => {
    const user = { 'client-certificate-data': base64(client.certPem), 'client-key-data': base64(client.keyPem) };
    expect(parseKubeconfig(stringify(plain({ user, cluster: { 'tls-server-name': 'kubernetes' } })))).toEqual({
      server,
      caPem,
      tlsServerName: 'kubernetes',
      auth: { kind: 'clientCertificate', ...client },
    });
  });

  it.each([
    ['exec', { command: 'aws' }],
    ['auth-provider', { name: 'gcp' }],
    ['tokenFile', '/etc/passwd'],
    ['client-certificate', '/a'],
    ['client-key', '/a'],
    ['as', 'root'],
    ['username', 'u'],
  ])('is refused when its user has %s', (key, value) => {
    expect(issuesIn(plain({ user: { token: 'abc', [key]: value } }))).toEqual({
      [`users.0.user.${key}`]: expect.any(String),
    });
  });

  it.each([
    ['proxy-url', 'http://evil'],
    ['insecure-skip-tls-verify', true],
    ['certificate-authority', '/etc/passwd'],
    ['unheard-of', 1],
  ])('is refused when its cluster has %s', (key, value) => {
    expect(issuesIn(plain({ cluster: { [key]: value } }))).toEqual({
      [`clusters.0.cluster.${key}`]: expect.any(String),
    });
  });

  it('is refused when any of its users would run a program, even one that is not chosen', () => {
    const users = [
      { name: 'u', user: { token: 'abc' } },
      { name: 'other', user: { exec: { command: 'rm' } } },
    ];
    expect(issuesIn(plain({ top: { users } }))).toEqual({ 'users.1.user.exec': expect.any(String) });
  });

  it('must say which context is meant', () => {
    expect(issuesIn(plain({ top: { 'current-context': 'green' } }))).toHaveProperty('current-context');
  });

  it('without a CA is refused: we trust nobody by chance', () => {
    expect(issuesIn(plain({ cluster: { 'certificate-authority-data': undefined } }))).toEqual({
      'clusters.0.cluster.certificate-authority-data': 'is missing',
    });
  });

  it.each([
    ['broken YAML', 'a: [secret'],
    ['two documents', 'a: 1\n---\nb: 2'],
    ['a tag', 'a: !!js/function secret'],
    ['aliases', 'a: &x [1]\nb: *x'],
    ['a key twice', 'a: secret\na: secret'],
    ['nothing', ''],
  ])('is refused with %s, and not quoted', (_what, text) => {
    expect(JSON.stringify(issuesOf(() => parseKubeconfig(text)))).not.toContain('secret');
  });

  it('is refused when it is far too large', () => {
    expect(issuesOf(() => parseKubeconfig('#'.repeat(300_000)))).toEqual({ '': expect.stringContaining('larger') });
  });
});
