import { z } from 'zod';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const wholeNumber = (min: number, max: number) => z.coerce.number().pipe(z.int().min(min).max(max));
const text = z.string().trim().min(1);

/** Whose absence means nothing moves: no default. */
const needed = {
  DATABASE_URL: text
    .regex(/^postgres(ql)?:\/\//, 'must be a postgresql:// URL')
    .describe('Where everything is stored.'),
  SLUICE_ENCRYPTION_KEY_FILE: text.describe(
    'File with the keys that seal credentials: base64 of 32 bytes per line, the first one seals (`openssl rand -base64 32`).',
  ),
  SLUICE_ROLE: z.enum(['api', 'worker', 'all']).describe('api: answers requests. worker: moves traffic. all: both.'),
};

const Environment = z.object({
  ...needed,
  SLUICE_HTTP_HOST: text.default('127.0.0.1').describe('Address to listen at; 0.0.0.0 in a container.'),
  SLUICE_HTTP_PORT: wholeNumber(0, 65_535).default(8080).describe('0 = any free port.'),
  SLUICE_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(10).describe('Of this process.'),
  SLUICE_DASHBOARD_DIR: text.optional().describe('Folder of the built dashboard; without it none is served.'),
  SLUICE_FIRST_TOKEN_FILE: text
    .optional()
    .describe('Where the first admin token is written (mode 0600) when there is no token at all yet.'),
  SLUICE_MIGRATIONS_DIR: text
    .optional()
    .describe("Folder of this build's migrations; default: prisma/migrations beside the build, where it is there."),
  SLUICE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SLUICE_ALLOWED_AWS_ENDPOINTS: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((prefix) => prefix.trim())
        .filter((prefix) => prefix !== ''),
    )
    .refine(
      (list) => list.every((prefix) => URL.canParse(prefix) && /^https?:/.test(prefix)),
      'must be http or https URL prefixes, separated by commas',
    )
    .describe("URL prefixes that an account's endpoint may have besides AWS's own."),
  SLUICE_ALLOW_PROCESS_CREDENTIALS: flag
    .default(false)
    .describe("Whether an account without credentials may use this process's own."),
  SLUICE_ALLOW_SHARED_CLUSTERS: flag
    .default(false)
    .describe('Whether one Kubernetes cluster may be registered in several projects.'),
  SLUICE_REFERENCE_DIR: text
    .optional()
    .describe('The folder with one folder per project id, where `file:` references to credentials are looked for.'),
  SLUICE_LEASE_MS: wholeNumber(500, 120_000)
    .default(10_000)
    .describe('How long a gateway stays with a worker that does not renew.'),
  SLUICE_WRITE_TIMEOUT_MS: wholeNumber(200, 60_000)
    .default(5_000)
    .describe('Longest a write to AWS may take; also how long a new owner of a gateway waits out.'),
  SLUICE_WATCH_PERIOD_MS: wholeNumber(100, 3_600_000)
    .default(30_000)
    .describe(
      'How often forward actions and target health are looked at where the read budget gives plenty; more routes make it longer.',
    ),
  SLUICE_DRIFT_WATCH_MS: wholeNumber(500, 86_400_000)
    .default(10_000)
    .describe('How often what was seen of the routes is compared with the ledger.'),
  SLUICE_AGENT_LIVENESS_MS: wholeNumber(500, 86_400_000)
    .default(30_000)
    .describe('How often every cluster is asked whether it answers.'),
});

export interface Config {
  readonly databaseUrl: string;
  readonly databaseConnections: number;
  readonly encryptionKeyFile: string;
  readonly role: 'api' | 'worker' | 'all';
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly dashboardDir: string | null;
  readonly firstTokenFile: string | null;
  readonly migrationsDir: string | null;
  readonly logLevel: string;
  readonly allowedAwsEndpoints: readonly string[];
  readonly allowProcessCredentials: boolean;
  readonly allowSharedClusters: boolean;
  readonly referenceDir: string | null;
  readonly leaseMs: number;
  readonly writeTimeoutMs: number;
  readonly watchPeriodMs: number;
  readonly driftWatchMs: number;
  readonly agentLivenessMs: number;
}

export const CONFIG = Symbol('Config');

/** Everything that is wrong with the environment, at once. */
export class BadConfig extends Error {
  override readonly name = 'BadConfig';
  constructor(readonly problems: readonly string[]) {
    super(`the environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/** Reads the environment, once, at the start. Empty variables count as absent. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const read = Environment.safeParse(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== '')),
  );
  const problems = read.success ? [] : read.error.issues.map((issue) => problemOf(issue, env));
  if (!read.success || problems.length > 0) throw new BadConfig(problems);
  const { data } = read;
  if (data.SLUICE_WRITE_TIMEOUT_MS >= data.SLUICE_LEASE_MS)
    throw new BadConfig([
      'SLUICE_WRITE_TIMEOUT_MS: must be shorter than SLUICE_LEASE_MS, or no write could ever begin',
    ]);
  return {
    databaseUrl: data.DATABASE_URL,
    databaseConnections: data.SLUICE_DATABASE_CONNECTIONS,
    encryptionKeyFile: data.SLUICE_ENCRYPTION_KEY_FILE,
    role: data.SLUICE_ROLE,
    host: data.SLUICE_HTTP_HOST,
    port: data.SLUICE_HTTP_PORT,
    dashboardDir: data.SLUICE_DASHBOARD_DIR ?? null,
    firstTokenFile: data.SLUICE_FIRST_TOKEN_FILE ?? null,
    migrationsDir: data.SLUICE_MIGRATIONS_DIR ?? null,
    logLevel: data.SLUICE_LOG_LEVEL,
    allowedAwsEndpoints: data.SLUICE_ALLOWED_AWS_ENDPOINTS,
    allowProcessCredentials: data.SLUICE_ALLOW_PROCESS_CREDENTIALS,
    allowSharedClusters: data.SLUICE_ALLOW_SHARED_CLUSTERS,
    referenceDir: data.SLUICE_REFERENCE_DIR ?? null,
    leaseMs: data.SLUICE_LEASE_MS,
    writeTimeoutMs: data.SLUICE_WRITE_TIMEOUT_MS,
    watchPeriodMs: data.SLUICE_WATCH_PERIOD_MS,
    driftWatchMs: data.SLUICE_DRIFT_WATCH_MS,
    agentLivenessMs: data.SLUICE_AGENT_LIVENESS_MS,
  };
}

/** Names the variable and what it is for; never its value. */
function problemOf(issue: z.core.$ZodIssue, env: Readonly<Record<string, string | undefined>>): string {
  const name = String(issue.path[0]);
  const purpose =
    name in Environment.shape ? Environment.shape[name as keyof typeof Environment.shape].description : undefined;
  if (env[name] === undefined || env[name] === '')
    return `${name} is needed${purpose === undefined ? '' : `: ${purpose}`}`;
  return `${name}: ${issue.message}${purpose === undefined ? '' : ` (${purpose})`}`;
}
