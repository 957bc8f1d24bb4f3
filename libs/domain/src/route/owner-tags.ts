/** One kind of owner, and how its tags give it away. Sources: aws-and-lbc §2.1; AWS and project documentation. */
export interface OwnerTags {
  readonly kind: 'continuous' | 'applyTime';
  readonly owner: string;
  readonly advice: string;
  readonly matches: (key: string, value: string) => boolean;
}

const ingressAdvice =
  'Create a listener, a rule or a load balancer that it does not manage and move traffic there, or set the weights in its own Ingress action.';
const applyAdvice =
  'Its next apply may revert our weights. Tell it to ignore the actions of this listener or rule, then acknowledge that for this route.';

function startsWith(...prefixes: readonly string[]) {
  return (key: string) => prefixes.some((prefix) => key.startsWith(prefix));
}

function isOneOf(...keys: readonly string[]) {
  return (key: string) => keys.includes(key);
}

/** Keys under which people and tools write who manages something. */
const managerKey =
  /^(managed[-_ ]?by|provisioned[-_ ]?by|provisioner|created[-_ ]?by|deployed[-_ ]?by|iac|iac[-_ ]?tool)$/i;

function saysManagedBy(tool: RegExp) {
  return (key: string, value: string) => {
    if (managerKey.test(key)) return tool.test(value);
    return tool.test(key) && !/^(false|no|0)$/i.test(value);
  };
}

/** The first that matches names the owner; continuous reconcilers come first because they outrank an apply-time tool. */
export const ownerTags: readonly OwnerTags[] = [
  {
    kind: 'continuous',
    owner: 'EKS Auto Mode',
    advice: ingressAdvice,
    matches: startsWith('ingress.eks.amazonaws.com/', 'service.eks.amazonaws.com/'),
  },
  {
    kind: 'continuous',
    owner: 'the Gateway API of the AWS Load Balancer Controller',
    advice: 'Set the weights in the backendRefs of its HTTPRoute, or use a load balancer that it does not manage.',
    matches: startsWith('gateway.k8s.aws.alb/', 'gateway.k8s.aws.nlb/'),
  },
  {
    kind: 'continuous',
    owner: 'the Global Accelerator controller of the AWS Load Balancer Controller',
    advice: 'Use a load balancer that it does not manage.',
    matches: startsWith('aga.k8s.aws/'),
  },
  {
    kind: 'continuous',
    owner: 'the AWS Load Balancer Controller',
    advice: ingressAdvice,
    matches: startsWith('elbv2.k8s.aws/', 'ingress.k8s.aws/', 'service.k8s.aws/'),
  },
  {
    kind: 'continuous',
    owner: 'a Kubernetes cloud provider or ALB Ingress Controller v1',
    advice: ingressAdvice,
    matches: (key) =>
      key.startsWith('kubernetes.io/cluster/') ||
      isOneOf(
        'kubernetes.io/cluster-name',
        'kubernetes.io/ingress-name',
        'kubernetes.io/namespace',
        'kubernetes.io/service-name',
        'kubernetes.io/service-port',
      )(key),
  },
  {
    kind: 'continuous',
    owner: 'Amazon ECS',
    advice:
      'ECS shifts traffic here by its own deployments. Use a rule of its own for Sluice, or take the load balancer out of the ECS deployment.',
    matches: (key) => key.startsWith('aws:ecs:') || key === 'AmazonECSManaged',
  },
  {
    kind: 'continuous',
    owner: 'AWS Controllers for Kubernetes',
    advice: 'Take the resource out of its custom resources, or set the weights there.',
    matches: startsWith('services.k8s.aws/'),
  },
  {
    kind: 'continuous',
    owner: 'Crossplane',
    advice: 'Take the resource out of Crossplane (deletion policy Orphan), or set the weights there.',
    matches: isOneOf('crossplane-kind', 'crossplane-name', 'crossplane-providerconfig'),
  },
  {
    kind: 'applyTime',
    owner: 'the AWS CDK',
    advice: applyAdvice,
    matches: (key, value) => key.startsWith('aws-cdk:') || saysManagedBy(/^(aws-?)?cdk$/i)(key, value),
  },
  {
    kind: 'applyTime',
    owner: 'AWS CloudFormation',
    advice: applyAdvice,
    matches: (key, value) =>
      key.startsWith('aws:cloudformation:') || saysManagedBy(/^(aws-?)?cloudformation$/i)(key, value),
  },
  {
    kind: 'applyTime',
    owner: 'Terraform',
    advice: `${applyAdvice.replace('Tell it to ignore', 'Put lifecycle ignore_changes on')}`,
    matches: saysManagedBy(/^(terraform(ed)?|tf|opentofu|terragrunt)([-_ ]?managed)?$/i),
  },
  {
    kind: 'applyTime',
    owner: 'Pulumi',
    advice: applyAdvice,
    matches: (key, value) => key.startsWith('pulumi:') || saysManagedBy(/^pulumi$/i)(key, value),
  },
];
