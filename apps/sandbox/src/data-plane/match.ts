import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** What rules look at. */
export interface RequestFacts {
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly sourceIp: string;
}

export type Matcher = (facts: RequestFacts) => boolean;

/** Makes of a rule's conditions one question: all conditions hold, each by any of its values. No condition holds always. */
export function compileConditions(conditions: readonly RuleCondition[]): Matcher {
  const matchers = conditions.map(compile);
  return (facts) => matchers.every((matches) => matches(facts));
}

function compile(condition: RuleCondition): Matcher {
  switch (condition.Field) {
    case 'host-header': {
      const { Values = condition.Values, RegexValues = condition.RegexValues } = condition.HostHeaderConfig ?? {};
      const fits = textMatcher(Values, RegexValues, 'i');
      return ({ host }) => fits(host);
    }
    case 'path-pattern': {
      const { Values = condition.Values, RegexValues = condition.RegexValues } = condition.PathPatternConfig ?? {};
      const fits = textMatcher(Values, RegexValues, '');
      return ({ path }) => fits(path);
    }
    case 'http-header': {
      const { HttpHeaderName = '', Values, RegexValues } = condition.HttpHeaderConfig ?? {};
      const fits = textMatcher(Values, RegexValues, 'i');
      return ({ headers }) => [headers[HttpHeaderName.toLowerCase()] ?? []].flat().some(fits);
    }
    case 'query-string':
      return queryMatcher(condition.QueryStringConfig?.Values ?? []);
    case 'http-request-method': {
      const methods = new Set(condition.HttpRequestMethodConfig?.Values);
      return ({ method }) => methods.has(method);
    }
    case 'source-ip':
      return sourceMatcher(condition.SourceIpConfig?.Values ?? []);
    default:
      return () => false;
  }
}

function textMatcher(
  values: readonly string[] | undefined,
  regexes: readonly string[] | undefined,
  flags: string,
): (text: string) => boolean {
  const patterns = [
    ...(values ?? []).map((value) => wildcard(value, flags)),
    ...(regexes ?? []).map((regex) => new RegExp(regex, flags)),
  ];
  return (text) => patterns.some((pattern) => pattern.test(text));
}

/** `*` is any number of characters, `?` exactly one. A backslash takes the meaning of the next one away. */
function wildcard(value: string, flags: string): RegExp {
  const source = value.replace(/\\([*?\\])|[*?]|[.+^${}()|[\]\\]/g, (part: string, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    return part === '*' ? '.*' : part === '?' ? '.' : `\\${part}`;
  });
  return new RegExp(`^${source}$`, `${flags}s`);
}

function queryMatcher(pairs: readonly { Key?: string; Value?: string }[]): Matcher {
  const patterns = pairs.map(({ Key, Value = '' }) => ({
    key: Key === undefined ? undefined : wildcard(Key, 'i'),
    value: wildcard(Value, 'i'),
  }));
  return ({ query }) =>
    patterns.some(({ key, value }) =>
      [...query].some(([name, text]) => (key === undefined || key.test(name)) && value.test(text)),
    );
}

function sourceMatcher(cidrs: readonly string[]): Matcher {
  const blocks = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = '32'] = cidr.split('/');
    blocks.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return ({ sourceIp }) => isIP(sourceIp) !== 0 && blocks.check(sourceIp, isIP(sourceIp) === 6 ? 'ipv6' : 'ipv4');
}
