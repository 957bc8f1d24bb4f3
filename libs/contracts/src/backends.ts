import { z } from 'zod';
import { Arn, BackendName, DnsLabel, Id, ServicePort, Timestamp, dryRunQuery, line, pageOf, stored } from './common.js';

export const Backend = z
  .object({
    ...stored,
    projectId: Id,
    routeId: Id,
    clusterId: Id,
    name: z.string(),
    namespace: z.string(),
    service: z.string(),
    port: z.union([z.int(), z.string()]),
    targetGroupArn: z.string(),
    targetType: z.enum(['ip', 'instance']),
  })
  .meta({ id: 'Backend', description: 'A Service in a cluster as one share of a route.' });
export type Backend = z.infer<typeof Backend>;

export const CreateBackend = z
  .strictObject({
    routeId: Id,
    clusterId: Id,
    name: BackendName.optional().describe(
      "Unique in its route, the key of a step's shares; default: the cluster's name.",
    ),
    namespace: DnsLabel,
    service: DnsLabel,
    port: ServicePort,
    targetGroupArn: Arn,
  })
  .meta({
    id: 'CreateBackend',
    description: 'A new backend. Its target group is attached to the route at weight 0.',
    examples: [
      {
        routeId: 'rou_0123456789abcdefghij',
        clusterId: 'clu_0123456789abcdefghij',
        name: 'red',
        namespace: 'red-ns',
        service: 'red-service',
        port: 80,
        targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/red/0123456789abcdef',
      },
    ],
  });
export type CreateBackend = z.input<typeof CreateBackend>;
export const CreatedBackend = z
  .object({
    backend: Backend,
    attachNeeded: z.boolean().describe('Whether the target group is not in the action yet.'),
    attachDecisionId: Id.nullable().describe(
      'The decision that adds it at weight 0; null when it is there already, or in a dry run.',
    ),
  })
  .meta({ id: 'CreatedBackend', description: 'The new backend and what its attachment waits for.' });
export type CreatedBackend = z.infer<typeof CreatedBackend>;
export const BackendPage = pageOf(Backend, 'Backend');

export const ForgetQuery = z.strictObject({
  ...dryRunQuery,
  forget: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe(
      '`true`: writes nothing to AWS or the cluster; the backend and its binding are forgotten, and a target group that is still in the forward action is pinned there.',
    ),
});

export const Networking = z
  .object({ securityGroupIds: z.array(z.string()), port: z.union([z.int(), z.string()]).nullable() })
  .meta({ id: 'Networking', description: "The load balancer's security groups that may reach the pods." });

export const Binding = z
  .object({
    ...stored,
    projectId: Id,
    backendId: Id,
    clusterId: Id,
    namespace: z.string(),
    name: z.string(),
    networking: Networking.nullable(),
    state: z.enum(['Pending', 'Applied', 'Refused', 'Removing', 'Removed']),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    observed: z.unknown().describe('The TargetGroupBinding as last read from the cluster; null = not read yet.'),
    observedAt: Timestamp.nullable().describe('Since when it has looked so.'),
  })
  .meta({ id: 'Binding', description: 'The TargetGroupBinding that a backend needs in its cluster.' });
export type Binding = z.infer<typeof Binding>;

export const CreateBinding = z
  .strictObject({
    backendId: Id,
    networking: z
      .union([
        z.enum(['auto', 'off']),
        z.strictObject({
          securityGroupIds: z
            .array(line(64).regex(/^sg-[0-9a-z]+$/, 'must be a security group id such as sg-0123456789abcdef0'))
            .min(1)
            .max(5),
          port: ServicePort.nullable().optional(),
        }),
      ])
      .default('auto')
      .describe("`auto`: the load balancer's security groups may reach the pods; `off`: `networking` is left out."),
    force: z.boolean().default(false).describe('Takes over fields that another field manager set.'),
  })
  .meta({
    id: 'CreateBinding',
    description: "Pushes a TargetGroupBinding to the backend's cluster.",
    examples: [{ backendId: 'bck_0123456789abcdefghij' }],
  });
export type CreateBinding = z.input<typeof CreateBinding>;
export const BindingPage = pageOf(Binding, 'Binding');

export const BindingState = z
  .object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.int(),
    observedGeneration: z.int().nullable(),
    deleting: z.boolean(),
    service: z.string(),
    port: z.union([z.int(), z.string()]),
    targetGroupArn: z.string(),
    targetType: z.enum(['ip', 'instance']).nullable(),
    labels: z.record(z.string(), z.string()),
    problems: z.array(z.string()).describe('What the controller complains about, newest first.'),
  })
  .meta({ id: 'BindingState', description: 'Our TargetGroupBinding as the cluster has it.' });

export const BindingRefusal = z
  .object({
    result: z.literal('refused'),
    reason: z.string(),
    message: z.string(),
    way: z.string().describe('The way out.'),
  })
  .meta({ id: 'BindingRefusal', description: 'An expected refusal, with the way out.' });

export const ApplyOutcome = z
  .discriminatedUnion('result', [z.object({ result: z.literal('applied'), binding: BindingState }), BindingRefusal])
  .meta({ id: 'ApplyOutcome', description: 'What the cluster answered.' });
export const RemoveOutcome = z
  .discriminatedUnion('result', [z.object({ result: z.enum(['removed', 'removing', 'absent']) }), BindingRefusal])
  .meta({ id: 'RemoveOutcome', description: 'What the cluster answered.' });

export const AppliedBinding = z.object({ binding: Binding, outcome: ApplyOutcome }).meta({
  id: 'AppliedBinding',
  description: "The binding and the cluster's answer; a refusal is an answer too (state Refused).",
});
export type AppliedBinding = z.infer<typeof AppliedBinding>;

export const BindingPreview = z
  .object({
    desired: z.object({
      namespace: z.string(),
      name: z.string(),
      service: z.string(),
      port: z.union([z.int(), z.string()]),
      targetGroupArn: z.string(),
      targetType: z.enum(['ip', 'instance']),
      networking: Networking.nullable(),
      labels: z.record(z.string(), z.string()),
    }),
    outcome: ApplyOutcome,
  })
  .meta({
    id: 'BindingPreview',
    description: "What would be applied, and the API server's answer to a dry run of it.",
  });
export type BindingPreview = z.infer<typeof BindingPreview>;

export const RemovedBinding = z
  .object({
    binding: Binding,
    outcome: RemoveOutcome,
    drained: z.object({ drained: z.boolean(), measured: z.boolean(), message: z.string() }),
  })
  .meta({ id: 'RemovedBinding', description: 'The removed binding and the proof that its target group was drained.' });
export type RemovedBinding = z.infer<typeof RemovedBinding>;
