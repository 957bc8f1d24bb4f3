import { z } from 'zod';
import { Arn, Id, ProjectIdInput, Timestamp, Weights, line, pageOf } from './common.js';
import { Forced } from './routes.js';

export const ProvisionedResource = z
  .object({
    id: Id,
    projectId: Id,
    accountId: Id,
    kind: z.enum(['loadBalancer', 'targetGroup', 'listener', 'rule']),
    arn: z.string(),
    createdByUs: z.boolean().describe('false: adopted; clean-up leaves it.'),
    details: z.record(z.string(), z.unknown()),
    createdAt: Timestamp,
    removedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ProvisionedResource', description: 'What we created or adopted in AWS.' });
export type ProvisionedResource = z.infer<typeof ProvisionedResource>;
export const ProvisionedResourcePage = pageOf(ProvisionedResource, 'ProvisionedResource');

const AwsName = line(32).regex(
  /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  'must be 1–32 letters, digits and -, not starting or ending with -',
);
const Port = z.int().min(1).max(65_535);
const where = { projectId: ProjectIdInput, accountId: Id };
const WholeWeights = Weights.min(1).describe('Forward with these weights.');

const Adopt = z.strictObject({
  ...where,
  adoptArn: Arn.describe('Adopts the existing one instead of creating; clean-up leaves it.'),
});

export const CreateLoadBalancer = z
  .union([
    z.strictObject({
      ...where,
      name: AwsName,
      scheme: z.enum(['internet-facing', 'internal']),
      subnets: z
        .array(line(64).regex(/^subnet-[0-9a-z]+$/, 'must be a subnet id'))
        .min(2)
        .max(20),
      securityGroups: z
        .array(line(64).regex(/^sg-[0-9a-z]+$/, 'must be a security group id'))
        .min(1)
        .max(5),
    }),
    Adopt,
  ])
  .meta({
    id: 'CreateLoadBalancer',
    description: 'Creates an Application Load Balancer, or adopts one.',
    examples: [
      {
        accountId: 'acc_0123456789abcdefghij',
        name: 'shop',
        scheme: 'internet-facing',
        subnets: ['subnet-0a', 'subnet-0b'],
        securityGroups: ['sg-0a'],
      },
    ],
  });
export type CreateLoadBalancer = z.input<typeof CreateLoadBalancer>;

export const HealthCheck = z
  .strictObject({
    protocol: z.enum(['HTTP', 'HTTPS', 'TCP']).optional(),
    path: line(1024)
      .regex(/^\/\S*$/, 'must start with /')
      .optional(),
    port: z.union([z.literal('traffic-port'), line(5).regex(/^\d{1,5}$/, 'must be traffic-port or a port')]).optional(),
    intervalSeconds: z.int().min(5).max(300).optional().describe('Seconds, 5–300.'),
    timeoutSeconds: z.int().min(2).max(120).optional().describe('Seconds, 2–120.'),
    healthyThreshold: z.int().min(2).max(10).optional(),
    unhealthyThreshold: z.int().min(2).max(10).optional(),
    matcher: line(64)
      .regex(/^[0-9]{3}([-,][0-9]{3})*$/, 'must be HTTP codes such as 200-299')
      .optional(),
  })
  .meta({ id: 'HealthCheck', description: "A target group's health check; what is left out is AWS's default." });

export const CreateTargetGroup = z
  .union([
    z.strictObject({
      ...where,
      name: AwsName,
      protocol: z.enum(['HTTP', 'HTTPS']),
      port: Port,
      targetType: z.enum(['ip', 'instance']),
      vpcId: line(64).regex(/^vpc-[0-9a-z]+$/, 'must be a VPC id'),
      healthCheck: HealthCheck.optional(),
      clusterId: Id.optional().describe(
        'The cluster whose pods will be in it: an EKS Auto Mode cluster needs a tag with its name.',
      ),
    }),
    Adopt,
  ])
  .meta({
    id: 'CreateTargetGroup',
    description: 'Creates a target group, or adopts one.',
    examples: [
      {
        accountId: 'acc_0123456789abcdefghij',
        name: 'red',
        protocol: 'HTTP',
        port: 80,
        targetType: 'ip',
        vpcId: 'vpc-0a',
      },
    ],
  });
export type CreateTargetGroup = z.input<typeof CreateTargetGroup>;

export const CreateListener = z
  .strictObject({
    ...where,
    loadBalancerArn: Arn,
    port: Port,
    protocol: z.enum(['HTTP', 'HTTPS']),
    certificateArn: Arn.optional().describe('Needed for HTTPS.'),
    weights: WholeWeights,
  })
  .refine((body) => body.protocol !== 'HTTPS' || body.certificateArn !== undefined, {
    path: ['certificateArn'],
    message: 'is needed for HTTPS',
  })
  .meta({
    id: 'CreateListener',
    description: 'Creates a listener whose default action forwards by weight.',
    examples: [
      {
        accountId: 'acc_0123456789abcdefghij',
        loadBalancerArn:
          'arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/0123456789abcdef',
        port: 80,
        protocol: 'HTTP',
        weights: [
          {
            targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/red/0123456789abcdef',
            weight: 100,
          },
        ],
      },
    ],
  });
export type CreateListener = z.input<typeof CreateListener>;

export const CreateRule = z
  .strictObject({
    ...where,
    listenerArn: Arn,
    priority: z.int().min(1).max(50_000),
    conditions: z
      .strictObject({
        hosts: z.array(line(128)).min(1).max(5).optional(),
        paths: z.array(line(128)).min(1).max(5).optional(),
      })
      .refine(
        (conditions) => (conditions.hosts?.length ?? 0) + (conditions.paths?.length ?? 0) > 0,
        'must have at least one host or path',
      ),
    weights: WholeWeights,
    forced: Forced.optional(),
  })
  .meta({
    id: 'CreateRule',
    description:
      'Creates a rule that forwards by weight. On a listener that serves it takes requests at once, so its target groups must be attached to the load balancer and healthy, and their clusters neither cordoned nor retired.',
    examples: [
      {
        accountId: 'acc_0123456789abcdefghij',
        listenerArn:
          'arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop/0123456789abcdef/0123456789abcdef',
        priority: 10,
        conditions: { hosts: ['shop.example.com'] },
        weights: [
          {
            targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/red/0123456789abcdef',
            weight: 100,
          },
        ],
      },
    ],
  });
export type CreateRule = z.input<typeof CreateRule>;

const Kind = z.enum(['loadBalancer', 'targetGroup', 'listener', 'rule']);
export const CleanUp = z
  .strictObject({
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be the `digest` of a dry run's reply")
      .optional()
      .describe('Of the dry run whose removals you agree to; needed unless this is the dry run.'),
  })
  .optional()
  .meta({ id: 'CleanUp', description: "Says what may be removed, by its dry run's digest." });
export type CleanUp = z.input<typeof CleanUp>;

export const CleanUpReport = z
  .object({
    dryRun: z.boolean(),
    digest: z.string().describe('Of what is in `removed`: send it back to remove exactly that.'),
    removed: z.array(z.object({ kind: Kind, arn: z.string() })).describe('In the order they went, or would go.'),
    left: z
      .array(z.object({ kind: Kind, arn: z.string(), reason: z.string(), message: z.string() }))
      .describe('What stays, and why.'),
  })
  .meta({ id: 'CleanUpReport', description: 'What clean-up removed (or would, in a dry run) and what it left.' });
export type CleanUpReport = z.infer<typeof CleanUpReport>;
