import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { RunningCluster } from '../cluster/cluster-options.js';
import type { BindingGroup } from '../cluster/crd/target-group-binding-crd.js';
import { startSandboxCluster } from '../cluster/sandbox-cluster.js';
import { readKubeconfig } from '../kube-client/kubeconfig.js';
import { Faults } from '../shared/faults.js';

export const patchTypes = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

export interface Ask {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  /** A token's user, or the token itself; the administrator by default. */
  readonly as?: 'admin' | 'sluice' | 'nobody' | { readonly token: string };
}

export interface Answer {
  readonly code: number;
  /** What the API says; `any`, because a test reads whatever it expects there. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly warnings: readonly string[];
}

/** One request to a cluster, as it goes over the wire. */
export async function ask(
  cluster: RunningCluster,
  method: string,
  path: string,
  { body, type = 'application/json', accept = 'application/json', as = 'admin' }: Ask = {},
): Promise<Answer> {
  const access = readKubeconfig(as === 'sluice' ? cluster.kubeconfigs.sluice : cluster.kubeconfigs.admin);
  const token = typeof as === 'object' ? as.token : access.token;
  const dispatcher = new Agent({ connect: { ca: access.caPem } });
  try {
    const answer = await request(cluster.url + path, {
      method: method as 'GET',
      dispatcher, // undici names the methods one by one
      headers: {
        accept,
        'content-type': type,
        'user-agent': 'test/1',
        ...(as === 'nobody' ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { code: answer.statusCode, body: parsed(text), warnings: [answer.headers['warning'] ?? []].flat() };
  } finally {
    await dispatcher.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** One cluster in a folder of its own. */
export class ClusterWorld {
  private readonly running = new Set<RunningCluster>();

  private constructor(
    readonly dir: string,
    readonly faults: Faults,
    readonly bindings: readonly BindingGroup[],
    public cluster: RunningCluster,
  ) {
    this.running.add(cluster);
  }

  static async start(bindings: readonly BindingGroup[] = ['openSource']): Promise<ClusterWorld> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
    const faults = new Faults();
    const world = new ClusterWorld(
      dir,
      faults,
      bindings,
      await startSandboxCluster({ name: 'blue', dir: join(dir, 'blue'), bindings, faults }),
    );
    return world;
  }

  ask(method: string, path: string, options?: Ask): Promise<Answer> {
    return ask(this.cluster, method, path, options);
  }

  apply(path: string, manager: string, body: unknown, query = ''): Promise<Answer> {
    return this.ask('PATCH', `${path}?fieldManager=${manager}${query}`, { body, type: patchTypes.apply });
  }

  async namespace(name: string): Promise<void> {
    await this.ask('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  }

  /** A second server over what the first has on disk now; the first is given no chance to write anything more. */
  async afterAbruptStop(): Promise<void> {
    this.cluster = await startSandboxCluster({
      name: 'blue',
      dir: join(this.dir, 'blue'),
      bindings: this.bindings,
      faults: this.faults,
    });
    this.running.add(this.cluster);
  }

  async restart(): Promise<void> {
    await this.cluster.stop();
    this.running.delete(this.cluster);
    await this.afterAbruptStop();
  }

  token(user: 'admin' | 'sluice'): string {
    return (
      readFileSync(join(this.dir, 'blue', 'tokens'), 'utf8')
        .split('\n')
        .map((line) => line.split(','))
        .find((line) => line[1] === user)?.[0] ?? ''
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running].map((cluster) => cluster.stop()));
    await rm(this.dir, { recursive: true, force: true });
  }
}

export const bindingsPath = '/apis/elbv2.k8s.aws/v1beta1/namespaces/red-ns/targetgroupbindings';

/** A TargetGroupBinding in red-ns, as somebody would write it. */
export function binding(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name, namespace: 'red-ns', ...metadata },
    spec: {
      serviceRef: { name: 'red-service', port: 80 },
      targetGroupARN: 'arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/red/0123456789abcdef',
      targetType: 'ip',
      ...spec,
    },
  };
}
