import { describe, expect, it } from '@jest/globals';
import { EndpointPolicy } from './endpoint-policy.js';

describe('where a tenant may send this process', () => {
  const closed = new EndpointPolicy([]);
  const local = new EndpointPolicy(['http://127.0.0.1:4566/aws']);

  it.each([
    'https://elasticloadbalancing.eu-west-1.amazonaws.com',
    'https://elasticloadbalancing-fips.us-gov-west-1.amazonaws.com/',
    'https://vpce-0a-1.elasticloadbalancing.eu-west-1.vpce.amazonaws.com',
    'https://elasticloadbalancing.cn-north-1.amazonaws.com.cn',
  ])('AWS itself is always fine: %s', (url) => {
    expect(closed.awsEndpoint('endpoint', url)).toBeNull();
  });

  it.each([
    'http://elasticloadbalancing.eu-west-1.amazonaws.com',
    'https://elasticloadbalancing.eu-west-1.amazonaws.com.evil.test',
    'https://evil-elasticloadbalancing.eu-west-1.amazonaws.com',
    'https://bucket.s3.eu-west-1.amazonaws.com',
    'https://elasticloadbalancing.eu-west-1.amazonaws.com:8443',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
    'gopher://127.0.0.1',
    'http://127.0.0.1:4566/aws',
    'not a url',
    `https://${'x'.repeat(400)}`,
  ])('anything else is not: %s', (url) => {
    expect(closed.awsEndpoint('endpoint', url)).toMatchObject({ field: 'endpoint' });
  });

  it('what the operator allowed is, below its path and on its port only', () => {
    expect(local.awsEndpoint('endpoint', 'http://127.0.0.1:4566/aws')).toBeNull();
    expect(local.awsEndpoint('endpoint', 'http://127.0.0.1:4566/aws/')).toBeNull();
    expect(local.awsEndpoint('endpoint', 'http://127.0.0.1:4566/aws/elb')).toBeNull();
    for (const url of [
      'http://127.0.0.1:4566/awsome',
      'http://127.0.0.1:4566/',
      'http://127.0.0.1:4567/aws',
      'https://127.0.0.1:4566/aws',
      'http://127.0.0.1:4566/aws/../x',
      'http://a@127.0.0.1:4566/aws',
    ]) {
      expect(local.awsEndpoint('endpoint', url)).not.toBeNull();
    }
  });

  it("a cluster's API server may be private, but not this machine unless its world is local", () => {
    expect(closed.clusterServer('server', 'https://10.0.0.1:6443')).toBeNull();
    for (const url of [
      'https://127.0.0.1:6443',
      'https://localhost',
      'https://[::1]:6443',
      'https://0.0.0.0',
      'https://[::ffff:127.0.0.1]',
      'https://2130706433',
    ]) {
      expect(closed.clusterServer('server', url)).not.toBeNull();
      expect(local.clusterServer('server', url)).toBeNull();
    }
    for (const url of [
      'http://10.0.0.1',
      'https://169.254.169.254',
      'https://[fe80::1]',
      'https://[::ffff:169.254.169.254]',
    ]) {
      expect(local.clusterServer('server', url)).not.toBeNull();
    }
  });
});
