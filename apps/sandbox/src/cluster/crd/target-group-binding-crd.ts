import type { KubeObject } from '../kube-object.js';
import { targetGroupBindingSchema } from './target-group-binding-schema.js';

/** The API groups under which a TargetGroupBinding exists: the open-source controller's, and that of EKS Auto Mode. */
export const bindingGroups = {
  openSource: { group: 'elbv2.k8s.aws', version: 'v1beta1' },
  autoMode: { group: 'eks.amazonaws.com', version: 'v1' },
} as const;

export type BindingGroup = keyof typeof bindingGroups;

/** What `kubectl get targetgroupbindings` shows beside name and age. */
export const bindingColumns = [
  {
    name: 'SERVICE-NAME',
    type: 'string',
    jsonPath: '.spec.serviceRef.name',
    description: "The Kubernetes Service's name",
  },
  {
    name: 'SERVICE-PORT',
    type: 'string',
    jsonPath: '.spec.serviceRef.port',
    description: "The Kubernetes Service's port",
  },
  {
    name: 'TARGET-TYPE',
    type: 'string',
    jsonPath: '.spec.targetType',
    description: "The AWS TargetGroup's TargetType",
  },
  {
    name: 'ARN',
    type: 'string',
    jsonPath: '.spec.targetGroupARN',
    description: "The AWS TargetGroup's Amazon Resource Name",
    priority: 1,
  },
  {
    name: 'NAME',
    type: 'string',
    jsonPath: '.spec.targetGroupName',
    description: "The AWS TargetGroup's Name",
    priority: 2,
  },
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;

/** The CustomResourceDefinition as installed into a real API server, and as `kubectl get crd` shows it in ours. */
export function targetGroupBindingCrd(of: BindingGroup): KubeObject {
  const { group, version } = bindingGroups[of];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `targetgroupbindings.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      conversion: { strategy: 'None' },
      names: {
        kind: 'TargetGroupBinding',
        listKind: 'TargetGroupBindingList',
        plural: 'targetgroupbindings',
        singular: 'targetgroupbinding',
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: bindingColumns,
          schema: { openAPIV3Schema: targetGroupBindingSchema },
        },
      ],
    },
  };
}
