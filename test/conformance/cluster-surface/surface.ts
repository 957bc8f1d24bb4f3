import { bindingPath, type RawKube, type RawReply } from '@sluice/testing';
import type { ClusterPeer } from '../cluster-peers.js';

export const bindingApi = 'elbv2.k8s.aws/v1beta1';
export const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/red/0123456789abcdef';

/** Hands for the tests of the surface: an administrator over plain HTTP, in a namespace of its own for each test. */
export class Surface {
  private made = 0;

  constructor(readonly peer: () => ClusterPeer) {}

  get admin(): RawKube {
    return this.peer().admin;
  }

  /** A new namespace that exists. */
  async namespace(): Promise<string> {
    const name = `s-${(this.made += 1)}-${Math.random().toString(36).slice(2, 8)}`;
    await this.admin.must('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });
    return name;
  }

  /** A TargetGroupBinding as people write it. */
  manifest(name: string, change: { readonly metadata?: object; readonly spec?: object } = {}) {
    return {
      apiVersion: bindingApi,
      kind: 'TargetGroupBinding',
      metadata: { name, ...change.metadata },
      spec: { serviceRef: { name: 'red-service', port: 80 }, targetGroupARN: arn, targetType: 'ip', ...change.spec },
    };
  }

  /** Creates it with POST; the reply's body. */
  async created(
    namespace: string,
    name: string,
    change: { readonly metadata?: object; readonly spec?: object } = {},
  ): Promise<RawReply['body']> {
    return this.admin.must('POST', bindingPath(namespace), { body: this.manifest(name, change) });
  }

  read(namespace: string, name: string): Promise<RawReply> {
    return this.admin.send('GET', bindingPath(namespace, name));
  }
}

/** The names of a list's objects, in its order. */
export function namesOf(list: RawReply['body']): string[] {
  return (list.items as { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name);
}

/** What of a refusal must be the same everywhere. */
export function refusalOf({ status, body }: RawReply) {
  return { status, reason: body.reason as unknown, message: body.message as unknown };
}
