import type { ClusterAccess, ClusterAgent } from '@sluice/control';
import type {
  ClusterWorld,
  ControllerEvent,
  ForeignBinding,
  Named,
  ServiceSeed,
  WebhookAnswer,
} from './cluster-world.js';
import { eventually } from './eventually.js';
import { patchTypes, type RawKube } from './raw-kube.js';
import { startDenyingWebhook } from './webhook-server.js';

/** Path of one binding, or of all in a namespace. */
export function bindingPath(
  namespace: string,
  name?: string,
  api: ClusterAccess['bindingApi'] = 'elbv2.k8s.aws/v1beta1',
): string {
  return `/apis/${api}/namespaces/${namespace}/targetgroupbindings${name === undefined ? '' : `/${name}`}`;
}

/** A world whose hands are an administrator's, over HTTP: the same for the sandbox and for kube-apiserver. */
export class WireClusterWorld implements ClusterWorld {
  private made = 0;

  constructor(
    readonly agent: ClusterAgent,
    readonly access: ClusterAccess,
    readonly powerless: ClusterAccess,
    private readonly admin: RawKube,
  ) {}

  async namespace(name: string): Promise<void> {
    const reply = await this.admin.send('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });
    if (reply.status >= 300 && reply.status !== 409)
      throw new Error(`namespace ${name}: ${JSON.stringify(reply.body)}`);
  }

  async service(seed: ServiceSeed): Promise<void> {
    await this.namespace(seed.namespace);
    const ports = seed.ports ?? [{ name: 'http', port: 80 }];
    const spec = {
      type: seed.type ?? 'ClusterIP',
      ports,
      ...(seed.type === 'ExternalName' ? { externalName: 'shop.example.com' } : {}),
    };
    await this.admin.must('POST', `/api/v1/namespaces/${seed.namespace}/services`, {
      body: { apiVersion: 'v1', kind: 'Service', metadata: { name: seed.name }, spec },
    });
    const endpoints = endpointsOf(seed);
    if (endpoints.length === 0) return;
    await this.admin.must('POST', `/apis/discovery.k8s.io/v1/namespaces/${seed.namespace}/endpointslices`, {
      body: {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        addressType: 'IPv4',
        endpoints,
        metadata: { name: `${seed.name}-1`, labels: { 'kubernetes.io/service-name': seed.name } },
        ports: ports.map(({ name }) => ({ name, port: 8080, protocol: 'TCP' })),
      },
    });
  }

  async foreignBinding(binding: ForeignBinding): Promise<void> {
    await this.admin.must('POST', `${this.path(binding.namespace)}?fieldManager=shop-team`, {
      body: {
        apiVersion: this.access.bindingApi,
        kind: 'TargetGroupBinding',
        metadata: { name: binding.name, labels: binding.labels ?? {}, finalizers: binding.finalizers ?? [] },
        spec: {
          serviceRef: { name: binding.service, port: binding.port ?? 80 },
          targetGroupARN: binding.targetGroupArn,
          targetType: binding.targetType ?? 'ip',
        },
      },
    });
  }

  async otherManagerSetsPort({ namespace, name }: Named, manager: string, port: number): Promise<void> {
    const live = await this.admin.must('GET', this.path(namespace, name));
    const body = {
      apiVersion: this.access.bindingApi,
      kind: 'TargetGroupBinding',
      metadata: { name, namespace },
      spec: { serviceRef: { name: live.spec.serviceRef.name, port } },
    };
    const reply = await this.admin.apply(this.path(namespace, name), manager, body, { force: true });
    if (reply.status >= 300) throw new Error(`apply by ${manager}: ${JSON.stringify(reply.body)}`);
  }

  async spec({ namespace, name }: Named): Promise<Record<string, unknown> | null> {
    const reply = await this.admin.send('GET', this.path(namespace, name));
    return reply.status === 404 ? null : reply.body.spec;
  }

  async event({ namespace, name }: Named, event: ControllerEvent): Promise<void> {
    const { metadata } = await this.admin.must('GET', this.path(namespace, name));
    const at = new Date(Date.now() - event.ageSeconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
    await this.admin.must('POST', `/api/v1/namespaces/${namespace}/events`, {
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.${(this.made += 1)}.${Date.now()}`, namespace },
        involvedObject: {
          apiVersion: this.access.bindingApi,
          kind: 'TargetGroupBinding',
          namespace,
          name,
          uid: metadata.uid,
        },
        type: event.type,
        reason: event.reason,
        message: event.message,
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1,
        source: { component: 'targetGroupBinding' },
        reportingComponent: 'targetGroupBinding',
        reportingInstance: '',
      },
    });
  }

  async failedCleanup({ namespace, name }: Named, message: string): Promise<void> {
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'FailedCleanup',
      message,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await this.admin.must('PATCH', `${this.path(namespace, name)}/status`, {
      body: { status: { conditions: [condition] } },
      contentType: patchTypes.merge,
    });
  }

  async setFinalizers({ namespace, name }: Named, finalizers: readonly string[]): Promise<void> {
    await this.admin.must('PATCH', this.path(namespace, name), {
      body: { metadata: { finalizers } },
      contentType: patchTypes.merge,
    });
  }

  async webhook(namespace: string, answer: WebhookAnswer): Promise<() => Promise<void>> {
    const server = await startDenyingWebhook(answer.kind === 'deny' ? answer.message : '');
    if (answer.kind === 'down') await server.stop();
    const name = `test-${namespace}`;
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await this.admin.must('POST', path, {
      body: webhookConfiguration(name, namespace, server, this.access.bindingApi),
    });
    await this.inForce(namespace);
    return async () => {
      await this.admin.must('DELETE', `${path}/${name}`);
      if (answer.kind === 'deny') await server.stop();
    };
  }

  async close(): Promise<void> {
    await this.admin.close();
  }

  /** An API server learns of a webhook a moment after it was configured. */
  private async inForce(namespace: string): Promise<void> {
    const body = {
      apiVersion: this.access.bindingApi,
      kind: 'TargetGroupBinding',
      metadata: { name: 'probe', namespace },
      spec: { serviceRef: { name: 'probe', port: 1 } },
    };
    await eventually('the webhook in force', async () => {
      const reply = await this.admin.apply(this.path(namespace, 'probe'), 'probe', body, { dryRun: true });
      return reply.status >= 400 ? true : null;
    });
  }

  private path(namespace: string, name?: string): string {
    return bindingPath(namespace, name, this.access.bindingApi);
  }
}

function webhookConfiguration(
  name: string,
  namespace: string,
  server: { readonly url: string; readonly caBundle: string },
  api: ClusterAccess['bindingApi'],
): object {
  const [group, version] = api.split('/');
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'vtargetgroupbinding.elbv2.k8s.aws',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
        clientConfig: { url: server.url, caBundle: server.caBundle },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          {
            apiGroups: [group],
            apiVersions: [version],
            operations: ['CREATE', 'UPDATE'],
            resources: ['targetgroupbindings'],
          },
        ],
      },
    ],
  };
}

function endpointsOf(seed: ServiceSeed): object[] {
  const pod = (index: number, ready: boolean) => ({
    addresses: [`10.1.${ready ? 0 : 1}.${index + 1}`],
    conditions: { ready },
    targetRef: {
      kind: 'Pod',
      namespace: seed.namespace,
      name: `${seed.name}-${ready ? 'ready' : 'starting'}-${index}`,
    },
  });
  const many = (count: number, make: (index: number) => object) =>
    Array.from({ length: count }, (_, index) => make(index));
  return [
    ...many(seed.readyPods ?? 2, (index) => pod(index, true)),
    ...many(seed.notReadyPods ?? 0, (index) => pod(index, false)),
    ...many(seed.otherEndpoints ?? 0, (index) => ({ addresses: [`10.1.2.${index + 1}`], conditions: { ready: true } })),
  ];
}
