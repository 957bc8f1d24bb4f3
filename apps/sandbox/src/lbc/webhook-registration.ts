import { patchTypes, type KubeClient } from '../kube-client/kube-client.js';

export const mutatePath = '/mutate-elbv2-k8s-aws-v1beta1-targetgroupbinding';
export const validatePath = '/validate-elbv2-k8s-aws-v1beta1-targetgroupbinding';

const configurationName = 'aws-load-balancer-webhook';
const admissionApi = 'admissionregistration.k8s.io/v1';

/** Tells the API server to call the webhooks at `https://127.0.0.1:<port>` and which CA to trust. */
export async function registerWebhooks(client: KubeClient, port: number, caPem: string): Promise<void> {
  const webhook = (name: string, path: string, operations: string[]) => ({
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: Buffer.from(caPem).toString('base64') },
    rules: [
      { apiGroups: ['elbv2.k8s.aws'], apiVersions: ['v1beta1'], operations, resources: ['targetgroupbindings'] },
      { apiGroups: ['eks.amazonaws.com'], apiVersions: ['v1'], operations, resources: ['targetgroupbindings'] },
    ],
  });
  const both = ['CREATE', 'UPDATE'];
  await apply(client, 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', [
    webhook('mtargetgroupbinding.elbv2.k8s.aws', mutatePath, both),
  ]);
  await apply(client, 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', [
    webhook('vtargetgroupbinding.elbv2.k8s.aws', validatePath, both),
  ]);
}

async function apply(client: KubeClient, kind: string, plural: string, webhooks: object[]): Promise<void> {
  const body = { apiVersion: admissionApi, kind, metadata: { name: configurationName }, webhooks };
  await client.call(
    'PATCH',
    `/apis/${admissionApi}/${plural}/${configurationName}?fieldManager=aws-load-balancer-controller&force=true`,
    body,
    patchTypes.apply,
  );
}
