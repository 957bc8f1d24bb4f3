import { z } from 'zod';
import { Arn, Id, Name, ProjectIdInput, Timestamp, line, pageOf, stored } from './common.js';

export const ApiBudget = z
  .strictObject({
    modifyPerSecond: z.number().min(0.1).max(50).describe('Writes per second, default 3.'),
    modifyBurst: z.int().min(1).max(200).describe('Most writes at once, default 20.'),
    readPerSecond: z
      .number()
      .min(0.5)
      .max(100)
      .describe('Reads per second, default 5. How often health and weights are looked at follows from it.'),
    readBurst: z.int().min(1).max(200).describe('Most reads at once, default 20.'),
  })
  .meta({
    id: 'ApiBudget',
    description: "What Sluice may spend of the account's ELBv2 API in this Region.",
    examples: [{ modifyPerSecond: 3, modifyBurst: 20, readPerSecond: 5, readBurst: 20 }],
  });

export const ApiBudgetInput = ApiBudget.partial().meta({
  id: 'ApiBudgetInput',
  description: 'What is missing keeps its figure; in a new account it gets its default.',
  examples: [{ readPerSecond: 2 }],
});

export const AwsCredentials = z
  .strictObject({
    accessKeyId: line(128, 16).regex(/^\w+$/, 'must be letters, digits and _'),
    secretAccessKey: line(256).describe('Stored as ciphertext, never shown again.'),
  })
  .meta({
    id: 'AwsCredentials',
    description: 'An access key of an IAM user. Prefer a role with the credentials of the process.',
  });

const Endpoint = z
  .url({ protocol: /^https?$/ })
  .max(300)
  .nullable()
  .describe(
    'Base URL in place of AWS; only what the operator of this server allowed (SLUICE_ALLOWED_AWS_ENDPOINTS). null = AWS.',
  );
const RoleArn = Arn.regex(/^arn:[a-z0-9-]+:iam::\d{12}:role\//, "must be a role's ARN")
  .nullable()
  .describe('Role to assume with the generated external id; null = none.');
const Credentials = AwsCredentials.nullable().describe(
  "null = the server's own credentials, where its operator allowed that (SLUICE_ALLOW_PROCESS_CREDENTIALS).",
);

export const CheckResult = z
  .object({ at: Timestamp.describe('Since when a check has said so.'), ok: z.boolean(), message: z.string() })
  .meta({ id: 'CheckResult', description: 'What the last `:check` found.' });

export const Account = z
  .object({
    ...stored,
    projectId: Id,
    name: z.string(),
    awsAccountId: z.string(),
    region: z.string(),
    endpoint: z.string().nullable(),
    roleArn: z.string().nullable(),
    externalId: z.string().describe("Generated here; goes into the role's trust policy as sts:ExternalId."),
    credentials: z.enum(['stored', 'process']).describe('Whether sealed credentials are stored; they are never shown.'),
    apiBudget: ApiBudget,
    check: CheckResult.nullable(),
  })
  .meta({ id: 'Account', description: 'One AWS account and Region as we reach it.' });
export type Account = z.infer<typeof Account>;

export const CreateAccount = z
  .strictObject({
    projectId: ProjectIdInput,
    name: Name,
    awsAccountId: line(12, 12).regex(/^\d{12}$/, 'must be 12 digits'),
    region: line(32).regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a Region such as eu-central-1'),
    endpoint: Endpoint.optional(),
    roleArn: RoleArn.optional(),
    credentials: Credentials.optional(),
    apiBudget: ApiBudgetInput.optional(),
  })
  .meta({
    id: 'CreateAccount',
    description: 'A new account.',
    examples: [
      {
        name: 'production',
        awsAccountId: '111122223333',
        region: 'eu-central-1',
        roleArn: 'arn:aws:iam::111122223333:role/sluice',
      },
    ],
  });
export type CreateAccount = z.input<typeof CreateAccount>;

export const UpdateAccount = z
  .strictObject({
    name: Name,
    endpoint: Endpoint,
    roleArn: RoleArn,
    credentials: Credentials,
    apiBudget: ApiBudgetInput,
  })
  .partial()
  .meta({
    id: 'UpdateAccount',
    description: 'What is given is changed.',
    examples: [{ apiBudget: { modifyPerSecond: 2, readPerSecond: 2 } }],
  });
export type UpdateAccount = z.input<typeof UpdateAccount>;

const BudgetUse = z
  .object({
    perSecond: z.number().describe('Requests a second, over the last ten seconds.'),
    allowedPerSecond: z.number().describe('What AWS was found to give a second, at most what is configured.'),
    tokens: z.int().describe('Requests that could go at once.'),
  })
  .meta({ id: 'BudgetUse', description: 'How one budget of a gateway is spent.' });

export const AccountGateway = z
  .object({
    awsAccountId: z.string(),
    region: z.string(),
    gateway: z
      .object({
        id: Id,
        budget: ApiBudget.describe('Of each figure the lowest of the account records that share it.'),
        accountCount: z.int().describe('How many account records share the budget.'),
        isOwned: z.boolean().describe('Whether a replica reads and writes for it now.'),
        spending: z
          .object({
            at: Timestamp,
            reads: BudgetUse,
            writes: BudgetUse,
            lookEveryMs: z.int().describe('How often a route, and the health of what is raised, is looked at.'),
          })
          .nullable()
          .describe('What its owner published last, every few seconds; null = nothing yet.'),
      })
      .nullable()
      .describe("null = the account's number isn't proven, so nothing is read or written."),
  })
  .meta({
    id: 'AccountGateway',
    description: "What Sluice may spend and spends of the account's ELBv2 API in this Region.",
  });
export type AccountGateway = z.infer<typeof AccountGateway>;

export const AccountPage = pageOf(Account, 'Account');

export const AccountCheck = z
  .object({
    account: Account,
    ok: z.boolean(),
    message: z.string(),
    advice: z.string().nullable().describe('What to do about it; null when all is well.'),
    identity: z
      .object({ accountId: z.string(), arn: z.string() })
      .nullable()
      .describe('Who AWS says we are; null when it could not be asked.'),
    loadBalancers: z.int().nullable(),
  })
  .meta({ id: 'AccountCheck', description: 'Whether the account can be reached, and what to do if not.' });
export type AccountCheck = z.infer<typeof AccountCheck>;
