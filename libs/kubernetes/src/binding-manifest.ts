import type { ClusterAccess, DesiredBinding } from '@sluice/control';

/** Field manager of every server-side apply of ours; conflicts name it. */
export const fieldManager = 'sluice';

/** Where TargetGroupBindings are served: the controller's own group, or EKS Auto Mode's. */
export interface BindingApi {
  readonly group: string;
  readonly version: string;
  readonly plural: 'targetgroupbindings';
}

/** Splits `elbv2.k8s.aws/v1beta1` into what a custom-object call needs. */
export function bindingApiOf(access: Pick<ClusterAccess, 'bindingApi'>): BindingApi {
  const [group = '', version = ''] = access.bindingApi.split('/');
  return { group, version, plural: 'targetgroupbindings' };
}

/**
 * The body of the server-side apply: only fields that are ours, so that what webhooks default (`ipAddressType`, `vpcID`,
 * protocol) and the controller's checkpoint annotations stay whose they are.
 */
export function bindingManifest(api: ClusterAccess['bindingApi'], desired: DesiredBinding): Record<string, unknown> {
  return {
    apiVersion: api,
    kind: 'TargetGroupBinding',
    metadata: { name: desired.name, namespace: desired.namespace, labels: { ...desired.labels } },
    spec: {
      serviceRef: { name: desired.service, port: desired.port },
      targetGroupARN: desired.targetGroupArn,
      targetType: desired.targetType,
      ...(desired.networking === null ? {} : { networking: { ingress: [ingressRule(desired.networking)] } }),
    },
  };
}

function ingressRule(networking: NonNullable<DesiredBinding['networking']>) {
  return {
    from: networking.securityGroupIds.map((groupID) => ({ securityGroup: { groupID } })),
    ports: [networking.port === null ? { protocol: 'TCP' } : { protocol: 'TCP', port: networking.port }],
  };
}
