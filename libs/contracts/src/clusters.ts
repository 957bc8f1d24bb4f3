import { z } from 'zod';
import {
  Attributed,
  DnsName,
  Id,
  Labels,
  Name,
  ProjectIdInput,
  Timestamp,
  lines,
  line,
  pageOf,
  stored,
} from './common.js';

export const bindingApis = ['elbv2.k8s.aws/v1beta1', 'eks.amazonaws.com/v1'] as const;
const BindingApi = z
  .enum(bindingApis)
  .describe('Which API group serves TargetGroupBindings: the AWS Load Balancer Controller, or EKS Auto Mode.');

/** Longest kubeconfig that is read: one cluster's has some 5 KB. */
export const largestKubeconfigBytes = 65_536;

/** Looked for with two searches: a pattern over the whole text tries again from every BEGIN, so it takes time to the square. */
const holdsPem = (begin: RegExp, end: RegExp) => (text: string) => {
  const from = text.search(begin);
  return from >= 0 && end.test(text.slice(from));
};
const certificate = lines(32_768).refine(
  holdsPem(/-----BEGIN CERTIFICATE-----/, /-----END CERTIFICATE-----/),
  'must be a PEM with at least one certificate',
);
const privateKey = lines(16_384).refine(
  holdsPem(/-----BEGIN (?:[A-Z]{1,9} )?PRIVATE KEY-----/, /-----END (?:[A-Z]{1,9} )?PRIVATE KEY-----/),
  'must be a PEM private key',
);

const Reference = line(205).regex(
  /^file:[A-Za-z0-9][A-Za-z0-9._-]*$/,
  "must be file: followed by the name of a file in the project's folder for references",
);

export const ClusterCredentials = z
  .union([
    z.strictObject({ token: line(16_384) }).meta({ title: 'token' }),
    z.strictObject({ clientCertificate: certificate, clientKey: privateKey }).meta({ title: 'client certificate' }),
    z.strictObject({ reference: Reference }).meta({
      title: 'reference',
      description:
        "`file:name` in the folder that the server's operator has for this project: a token, or JSON `{clientCertificate, clientKey}`.",
    }),
  ])
  .meta({
    id: 'ClusterCredentials',
    description:
      'How Sluice shows itself to the API server. Stored as ciphertext or as a reference, never shown again.',
  });

const Server = z
  .url({ protocol: /^https$/ })
  .max(300)
  .describe('https URL of the API server.')
  .meta({ examples: ['https://10.0.0.10:6443'] });
const CaPem = certificate.describe('PEM of the CA that signed the API server: pinned, no other is trusted.');
const CaData = line(43_692)
  .regex(/^[A-Za-z0-9+/=]+$/, 'must be base64 of a PEM')
  .describe('base64 of that PEM, as in a kubeconfig; in place of `caPem`.');
const TlsServerName = DnsName.nullable().describe(
  'Name in the server certificate when it is not the host of `server`; null = the host.',
);

export const ClusterCheck = z
  .object({
    version: z.string(),
    user: z.string(),
    bindingApis: z.array(z.string()),
    missingPermissions: z
      .array(z.string())
      .describe('What the cluster says we lack: `patch targetgroupbindings.elbv2.k8s.aws`.'),
    kubeSystemUid: z
      .string()
      .nullable()
      .describe('Which cluster it is: UID of its kube-system namespace; null where we may not get that.'),
  })
  .meta({ id: 'ClusterCheck', description: 'What a check of a cluster found.' });

export const Cluster = z
  .object({
    ...stored,
    projectId: Id,
    accountId: Id,
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    agent: z.literal('direct'),
    bindingApi: z.enum(bindingApis),
    server: z.string(),
    tlsServerName: z.string().nullable(),
    credentials: z.enum(['token', 'clientCertificate', 'reference']),
    kubeSystemUid: z
      .string()
      .nullable()
      .describe('Which cluster it really is, by the UID of its kube-system namespace; null = not known yet.'),
    cordoned: Attributed.nullable().describe('A cordoned cluster gets no new share.'),
    retired: Attributed.nullable(),
    check: z
      .object({
        at: Timestamp.describe('Since when a check has said so.'),
        ok: z.boolean(),
        message: z.string(),
        facts: ClusterCheck.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Cluster', description: 'One Kubernetes cluster.' });
export type Cluster = z.infer<typeof Cluster>;

const access = {
  server: Server,
  caPem: CaPem.optional(),
  caData: CaData.optional(),
  tlsServerName: TlsServerName.optional(),
  credentials: ClusterCredentials,
};
const byKubeconfig = {
  kubeconfig: lines(largestKubeconfigBytes).describe(
    'A kubeconfig with its data inside, 64 KB at most; one that runs a program or reads a file is refused.',
  ),
};
const hasOneCa = (body: { caPem?: unknown; caData?: unknown }) =>
  (body.caPem === undefined) !== (body.caData === undefined);
const oneCa = { path: ['caPem'], message: 'give either `caPem` or `caData`: the CA is always pinned' };
const direct = {
  server: 'https://10.0.0.10:6443',
  caData: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi4uLgotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==',
  credentials: { token: 'eyJhbGciOi' },
};

export const ClusterConnection = z
  .union([z.strictObject(access).refine(hasOneCa, oneCa), z.strictObject(byKubeconfig)])
  .meta({
    id: 'ClusterConnection',
    description:
      'Where a cluster is and how Sluice shows itself to it, whole: server, CA and credentials, or a self-contained kubeconfig. Never shown again.',
    examples: [direct],
  });
export type ClusterConnection = z.input<typeof ClusterConnection>;

const common = {
  projectId: ProjectIdInput,
  accountId: Id,
  name: Name,
  labels: Labels.optional(),
  bindingApi: BindingApi.optional(),
};

export const CreateCluster = z
  .union([
    z.strictObject({ ...common, ...access }).refine(hasOneCa, oneCa),
    z.strictObject({ ...common, ...byKubeconfig }),
  ])
  .meta({
    id: 'CreateCluster',
    description:
      'A new cluster with its connection: its server, CA and credentials, or a self-contained kubeconfig. It is reached directly by this server.',
    examples: [{ accountId: 'acc_0123456789abcdefghij', name: 'blue-2025', ...direct }],
  });
export type CreateCluster = z.input<typeof CreateCluster>;

const partsOfConnection = new Set([...Object.keys(access), ...Object.keys(byKubeconfig)]);

export const UpdateCluster = z
  .strictObject(
    { name: Name, labels: Labels, bindingApi: BindingApi },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' && issue.keys.some((key) => partsOfConnection.has(key))
          ? 'is not changed here: address, CA and credentials change together, by PUT /v1/clusters/{id}/connection'
          : undefined,
    },
  )
  .partial()
  .meta({
    id: 'UpdateCluster',
    description: 'What is given is changed. How the cluster is reached is its connection, a resource of its own.',
    examples: [{ labels: { stage: 'production' } }],
  });
export type UpdateCluster = z.input<typeof UpdateCluster>;

export const ClusterCheckReply = z
  .object({
    cluster: Cluster,
    ok: z.boolean(),
    message: z.string(),
    advice: z.string().nullable(),
    facts: ClusterCheck.nullable(),
  })
  .meta({
    id: 'ClusterCheckReply',
    description: 'Whether the cluster can be reached with the rights we need, and what to do if not.',
  });
export type ClusterCheckReply = z.infer<typeof ClusterCheckReply>;

export const ClusterPage = pageOf(Cluster, 'Cluster');
