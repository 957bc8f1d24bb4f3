import { beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidInput } from '@sluice/domain';
import { certificateAuthority, type KeyPair } from '@sluice/testing';
import { stringify } from 'yaml';
import { parseKubeconfig } from './kubeconfig.js';

let caPem: string;
let client: KeyPair;
const server = 'https://10.0.0.10:6443';

beforeAll(async () => {
  const ca = await certificateAuthority();
  caPem = ca.caPem;
  client = await ca.client('sluice');
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Field names and messages of what was refused; whatever is accepted fails the test. */
async function issuesOf(parsing: Promise<unknown>): Promise<Record<string, string>> {
  try {
    await parsing;
  } catch (error) {
    if (error instanceof InvalidInput)
      return Object.fromEntries(error.issues.map(({ field, message }) => [field, message]));
    throw error;
  }
  throw new Error('it was accepted');
}

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
  const issuesIn = (config: object) => issuesOf(parseKubeconfig(stringify(config)));

  it('is read when everything is embedded in it', async () => {
    expect(await parseKubeconfig(stringify(plain()))).toEqual({ server, caPem, auth: { kind: 'token', token: 'abc' } });
  });

  it('may log in with an embedded certificate, under the name in the server’s certificate', async () => {
    const user = { 'client-certificate-data': base64(client.certPem), 'client-key-data': base64(client.keyPem) };
    expect(await parseKubeconfig(stringify(plain({ user, cluster: { 'tls-server-name': 'kubernetes' } })))).toEqual({
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
  ])('is refused when its user has %s', async (key, value) => {
    expect(await issuesIn(plain({ user: { token: 'abc', [key]: value } }))).toEqual({
      [`users.0.user.${key}`]: expect.any(String),
    });
  });

  it.each([
    ['proxy-url', 'http://evil'],
    ['insecure-skip-tls-verify', true],
    ['certificate-authority', '/etc/passwd'],
    ['unheard-of', 1],
  ])('is refused when its cluster has %s', async (key, value) => {
    expect(await issuesIn(plain({ cluster: { [key]: value } }))).toEqual({
      [`clusters.0.cluster.${key}`]: expect.any(String),
    });
  });

  it('is refused when any of its users would run a program, even one that is not chosen', async () => {
    const users = [
      { name: 'u', user: { token: 'abc' } },
      { name: 'other', user: { exec: { command: 'rm' } } },
    ];
    expect(await issuesIn(plain({ top: { users } }))).toEqual({ 'users.1.user.exec': expect.any(String) });
  });

  it('must say which context is meant', async () => {
    expect(await issuesIn(plain({ top: { 'current-context': 'green' } }))).toHaveProperty('current-context');
  });

  it('without a CA is refused: we trust nobody by chance', async () => {
    expect(await issuesIn(plain({ cluster: { 'certificate-authority-data': undefined } }))).toEqual({
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
  ])('is refused with %s, and not quoted', async (_what, text) => {
    expect(JSON.stringify(await issuesOf(parseKubeconfig(text)))).not.toContain('secret');
  });

  it.each([
    ['lists in one line', '['.repeat(3_000), 'nested deeper than 32 levels in line 1'],
    ['mappings in one line', '{a: '.repeat(3_000), 'nested deeper than 32 levels in line 1'],
    ['lists that begin behind each other', '- '.repeat(3_000), 'nested deeper than 32 levels in line 1'],
    ['closing brackets in quotes', '["]", '.repeat(3_000), 'nested deeper than 32 levels in line 1'],
    [
      'indentation',
      Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'nested deeper than 32 levels in line 33',
    ],
    ['keys that are asked for', '? '.repeat(20_000), 'the kubeconfig'],
    ['tags', '!a '.repeat(20_000), 'the kubeconfig'],
    ['anchors', '&a '.repeat(20_000), 'the kubeconfig'],
    ['too many bytes', '#'.repeat(65_537), 'larger than 65536 bytes'],
    ['too many bytes, in fewer characters', `#${'é'.repeat(40_000)}`, 'larger than 65536 bytes'],
    ['a bomb of aliases', bomb(), 'must not use YAML aliases'],
    ['a key twice', 'a: 1\na: 2', 'DUPLICATE_KEY'],
    ['half a character', 'a: "\ud800"', 'the kubeconfig'],
    ['half a character, escaped', 'a: "\\ud800"', 'the kubeconfig'],
    ['the name of every prototype', '__proto__: {constructor: 1}', '__proto__'],
  ])('of %s is refused, and the process goes on', async (_what, text, message) => {
    const issues = await issuesOf(parseKubeconfig(text));
    const [[field, first] = ['', '']] = Object.entries(issues);
    expect(`the kubeconfig ${field} ${first}`).toContain(message);
  });
});

/** Thirty levels of ten references each: 10^30 values, were they followed. */
function bomb(): string {
  const level = (depth: number) =>
    `a${depth}: &a${depth} [${Array.from({ length: 10 }, () => `*a${depth - 1}`).join(', ')}]`;
  return ['a0: &a0 x', ...Array.from({ length: 30 }, (_, depth) => level(depth + 1))].join('\n');
}
