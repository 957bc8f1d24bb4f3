import { describe, expect, it } from '@jest/globals';
import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { compileConditions, type RequestFacts } from './match.js';

const request: RequestFacts = {
  host: 'www.Example.com',
  path: '/api/v1/users',
  query: new URLSearchParams('version=v2&flag'),
  method: 'GET',
  headers: { 'user-agent': 'Mozilla/5.0 (X11)', 'x-tier': 'gold' },
  sourceIp: '10.1.2.3',
};

describe("a rule's conditions", () => {
  it.each([
    ['no condition', [], true],
    ['the same host in other letters', [{ Field: 'host-header', Values: ['WWW.example.COM'] }], true],
    ['a wildcard for one label', [{ Field: 'host-header', HostHeaderConfig: { Values: ['*.example.com'] } }], true],
    ['a dot that is only a dot', [{ Field: 'host-header', Values: ['wwwxexample.com'] }], false],
    ['a path with a star', [{ Field: 'path-pattern', Values: ['/api/*'] }], true],
    ['a star over several segments', [{ Field: 'path-pattern', Values: ['/api/*/users'] }], true],
    ['a question mark for one character', [{ Field: 'path-pattern', Values: ['/api/v?/users'] }], true],
    ['a question mark for none', [{ Field: 'path-pattern', Values: ['/api/v1?/users'] }], false],
    ['a path in other letters', [{ Field: 'path-pattern', Values: ['/API/*'] }], false],
    ['a prefix without a star', [{ Field: 'path-pattern', Values: ['/api'] }], false],
    ['any of several values', [{ Field: 'path-pattern', Values: ['/x', '/api/v1/users'] }], true],
    ['a regular expression', [{ Field: 'path-pattern', RegexValues: ['^/api/v[0-9]+/'] }], true],
    [
      'a header',
      [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'User-Agent', Values: ['*mozilla*'] } }],
      true,
    ],
    [
      'a header that is not there',
      [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-none', Values: ['*'] } }],
      false,
    ],
    [
      'a query pair',
      [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'version', Value: 'v?' }] } }],
      true,
    ],
    ['a query value of any key', [{ Field: 'query-string', QueryStringConfig: { Values: [{ Value: 'v2' }] } }], true],
    [
      'a query pair of another value',
      [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'version', Value: 'v1' }] } }],
      false,
    ],
    ['the method', [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['POST', 'GET'] } }], true],
    ['another method', [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['POST'] } }], false],
    ['the source', [{ Field: 'source-ip', SourceIpConfig: { Values: ['192.168.0.0/16', '10.0.0.0/8'] } }], true],
    ['another source', [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.1.2.4/32', '2001:db8::/32'] } }], false],
    [
      'all conditions together',
      [
        { Field: 'path-pattern', Values: ['/api/*'] },
        { Field: 'host-header', Values: ['other.com'] },
      ],
      false,
    ],
    ['a field that is not known', [{ Field: 'mood', Values: ['*'] }], false],
    ['an escaped star', [{ Field: 'path-pattern', Values: ['/api/\\*/users'] }], false],
  ] as [string, RuleCondition[], boolean][])('with %s', (_what, conditions, holds) => {
    expect(compileConditions(conditions)(request)).toBe(holds);
  });
});
