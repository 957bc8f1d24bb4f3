import type { FieldIssue } from '@sluice/domain';

const awsHost =
  /(^|\.)(elasticloadbalancing|sts|ec2|monitoring)(-fips)?\.([a-z0-9-]+\.)?(vpce\.)?(amazonaws\.com(\.cn)?|api\.aws)$/;
// link-local (cloud metadata services) is never a Kubernetes API server; loopback only in a local world
const linkLocal = /^(169\.254\.\d+\.\d+|\[fe[89ab][0-9a-f]:.*\]|\[::ffff:a9fe:.*\]|\[fd00:ec2::254\])$/;
const loopback = /^(127\.\d+\.\d+\.\d+|0\.0\.0\.0|localhost|.*\.localhost|\[::1?\]|\[::ffff:7f.*\])$/;

/**
 * Where this process may be sent by what a tenant writes (SSRF). AWS's own https hosts are always fine; anything else
 * only when the operator of the process allowed a prefix of it.
 */
export class EndpointPolicy {
  readonly #allowed: readonly URL[];

  /** URL prefixes such as `http://127.0.0.1:4566/`; one without a port allows every port of its host. */
  constructor(allowed: readonly string[]) {
    this.#allowed = allowed.map((prefix) => new URL(prefix));
  }

  /** What is wrong with an account's endpoint; null = it may be used. */
  awsEndpoint(field: string, text: string): FieldIssue | null {
    const url = parse(text);
    if (!url) return { field, message: 'must be an http or https URL without user, query or fragment' };
    if (this.#isAllowed(url)) return null;
    if (url.protocol === 'https:' && awsHost.test(url.hostname) && url.port === '' && url.pathname === '/') return null;
    return {
      field,
      message: "is neither an https endpoint of AWS nor one of those that this server's operator allowed",
    };
  }

  /** What is wrong with a cluster's API server; null = it may be used. */
  clusterServer(field: string, text: string): FieldIssue | null {
    const url = parse(text);
    if (url?.protocol !== 'https:') return { field, message: 'must be an https URL without user, query or fragment' };
    if (linkLocal.test(url.hostname)) return { field, message: 'must not be a link-local address' };
    const localWorld = this.#allowed.some((one) => loopback.test(one.hostname));
    if (loopback.test(url.hostname) && !localWorld)
      return { field, message: 'must not be a loopback address: it would be this server itself' };
    return null;
  }

  #isAllowed(url: URL): boolean {
    return this.#allowed.some(
      (prefix) =>
        prefix.protocol === url.protocol &&
        prefix.hostname === url.hostname &&
        (prefix.port === '' || prefix.port === url.port) &&
        `${url.pathname.replace(/\/$/, '')}/`.startsWith(`${prefix.pathname.replace(/\/$/, '')}/`),
    );
  }
}

function parse(text: string): URL | null {
  const url = text.length <= 300 && URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  return url.username || url.password || url.search || url.hash ? null : url;
}
