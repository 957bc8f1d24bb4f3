/* eslint-disable no-control-regex -- control characters are what these patterns look for */
import { z } from 'zod';

/** C0 controls (NUL included), DEL, C1 controls and lone surrogates: none belongs in a name, and Postgres refuses NUL. */
const unprintable =
  /[\u0000-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** As above, but a PEM or a sentence may have line ends and tabs. */
const unprintableButLines =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** One line of text without control characters, `min`–`max` UTF-16 units, not only blanks. */
export function line(max: number, min = 1) {
  const text = z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !unprintable.test(value), 'must not contain control characters');
  return min > 0 ? text.refine((value) => value.trim().length > 0, 'must not be blank') : text;
}

/** Text that may have several lines. */
export function lines(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !unprintableButLines.test(value), 'must not contain control characters');
}

export const idPattern = /^[a-z]{2,8}_[a-z0-9]{20}$/;
export const Id = z
  .string()
  .regex(idPattern, 'must be an id such as rol_0123456789abcdefghij')
  .meta({
    description: 'Prefix that says the kind, underscore, 20 lower-case letters and digits.',
    examples: ['rol_0123456789abcdefghij'],
  });

/** An id in an optional request field: a project-bound token fills `projectId` in by itself. */
export const ProjectIdInput = Id.optional().describe('The project; may be left out with a token that is bound to one.');

export const Name = line(63)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._ /+-]*$/,
    'must start with a letter or digit and contain only letters, digits, spaces and . _ / + -',
  )
  .describe('What people call it; unique among its kind in the project. 1–63 characters.');

/** The key of a share: also a Kubernetes-style name, so that it reads the same everywhere. */
export const BackendName = line(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'must be letters, digits and . _ - between letters or digits')
  .describe("Unique in its route; the key of a step's shares.");

export const Reason = line(500).describe('Why, for the ledger. 1–500 characters.');
export const Time = z.iso
  .datetime({ offset: true })
  .describe('ISO 8601, with Z or an offset.')
  .meta({ examples: ['2026-11-23T16:00:00Z'] });
/** Times in replies are always UTC. */
export const Timestamp = z
  .string()
  .describe('ISO 8601 in UTC.')
  .meta({ examples: ['2026-11-23T16:00:00.000Z'] });
export const Arn = line(512, 10)
  .regex(
    /^arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[^\s]+$/,
    'must be an ARN such as arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/…',
  )
  .meta({ examples: ['arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/red/0123456789abcdef'] });
export const DnsLabel = line(63).regex(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  'must be a DNS label: lower-case letters, digits and -',
);
export const DnsName = line(253).regex(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'must be a DNS name: lower-case letters, digits, - and .',
);
export const ServicePort = z
  .union([
    z.int().min(1).max(65_535),
    line(15).regex(
      /^(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'must be a port name (lower-case letters, digits, -) or a number 1–65535',
    ),
  ])
  .describe('A number 1–65535 or the name of a port.');

const labelKey = line(317).regex(
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  'must be a Kubernetes label key',
);
const labelValue = line(63, 0).regex(
  /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  'must be a Kubernetes label value',
);

/** A map from request text whose key count is bounded and whose keys can't reach an object's prototype. */
function boundedRecord<T extends z.ZodType>(key: z.ZodType<string, string>, value: T, max: number) {
  return z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= max, `must have at most ${max} keys`)
    .refine(
      (map) => !Object.keys(map).some((name) => ['__proto__', 'constructor', 'prototype'].includes(name)),
      'has a key that is reserved',
    );
}

export const Labels = boundedRecord(labelKey, labelValue, 32)
  .describe('Up to 32 labels, with the syntax of Kubernetes labels.')
  .meta({ examples: [{ app: 'shop' }] });

export const Shares = boundedRecord(BackendName, z.number().min(0).max(100).multipleOf(0.1), 5)
  .describe('Percent of requests per backend name, one decimal, summing to 100; backends left out get 0.')
  .meta({ id: 'Shares', examples: [{ red: 90, black: 10 }] });

export const Permilles = boundedRecord(BackendName, z.int().min(0).max(1000), 5)
  .describe('Tenths of a percent per backend name, summing to 1000.')
  .meta({ examples: [{ red: 900, black: 100 }] });

export const TargetGroupWeight = z
  .strictObject({ targetGroupArn: Arn, weight: z.int().min(0).max(999).describe('0–999, as ELBv2 takes it.') })
  .meta({ id: 'TargetGroupWeight', description: 'One target group in a forward action.' });
export const Weights = z
  .array(TargetGroupWeight)
  .max(5)
  .describe('Every target group of one forward action: distinct, at most five.');

export const Attributed = z
  .object({ by: z.string(), at: Timestamp, reason: z.string() })
  .meta({ id: 'Attributed', description: 'Who did it, when and why.' });

/** What every stored resource carries. */
export const stored = {
  id: Id,
  version: z
    .int()
    .describe('The ETag: grows with every change of what was asked for, not with what is seen (`check`, `drift` …).'),
  createdAt: Timestamp,
  createdBy: z.string().describe('`token:<name>` or `engine:<part>`.'),
};

export const ReasonBody = z.strictObject({ reason: Reason }).meta({
  id: 'ReasonBody',
  description: 'A verb that has to say why.',
  examples: [{ reason: 'kernel upgrade of its nodes' }],
});
export const OptionalReasonBody = z.strictObject({ reason: Reason.optional() }).meta({
  id: 'OptionalReasonBody',
  description: 'A verb that may say why. The body may be left out altogether.',
  examples: [{ reason: 'errors in checkout' }],
});

/** A page of `item`, named `<id>Page`. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({
      items: z.array(item),
      next: z.string().nullable().describe('Pass it as `cursor` for the next page; null at the end.'),
    })
    .meta({ id: `${id}Page`, description: 'One page.' });
}

/** `limit` and `cursor`, as they come in a query string. */
export const pageQuery = {
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50).describe('How many at most: 1–200, default 50.'),
  cursor: line(512)
    .regex(/^[A-Za-z0-9_.:=-]+$/, 'must be the `next` of an earlier page')
    .optional()
    .describe('`next` of the page before.'),
};

export const dryRunQuery = {
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('`true`: checks everything, changes nothing and answers what would be.'),
};
