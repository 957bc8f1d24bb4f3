import path from 'node:path';
import { parseArgs } from 'node:util';

export const allParts = ['aws', 'data-plane', 'clusters', 'controller'] as const;
type PartName = (typeof allParts)[number];

export interface SandboxOptions {
  readonly dir: string;
  readonly parts: ReadonlySet<PartName>;
  /** Of parts that run elsewhere. */
  readonly awsEndpoint?: string;
  readonly networkUrl?: string;
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly clusters: readonly string[];
  /** Those of them that also serve EKS Auto Mode's TargetGroupBinding. */
  readonly autoMode: readonly string[];
  readonly region: string;
  /** The first is the one that access.json and the controllers use. */
  readonly accounts: readonly string[];
  readonly roles: readonly { arn: string; externalId: string }[];
  readonly healthIntervalScale: number;
  readonly awsLimits: 'generous' | 'real';
  /** Multiplies the rates of the token buckets, not their bursts. */
  readonly awsSpeed: number;
  readonly pollMs: number;
  /** `memory`: what the sandbox's AWS knows ends with the process, and a change costs the same however much there is. */
  readonly awsState: 'file' | 'memory';
  readonly ports: Readonly<Record<'control' | 'network' | 'aws' | 'cluster', number>>;
}

const usage = `node main.js --dir <state dir> [options]
  --parts aws,data-plane,clusters,controller   what runs in this process (all)
  --clusters blue-2025,green-2026              names of the clusters
  --auto-mode NAME,NAME                        those of them that also have EKS Auto Mode's TargetGroupBinding
  --aws-endpoint URL                           ELBv2 that runs elsewhere (with its keys in SANDBOX_AWS_ACCESS_KEY_ID and SANDBOX_AWS_SECRET_ACCESS_KEY)
  --network-url URL                            network registry (data plane) that runs elsewhere
  --kubeconfig NAME=FILE                       cluster that runs elsewhere; may be repeated
  --region us-east-1  --accounts 111122223333  12 digits each; the first one is the default
  --role ARN=EXTERNAL_ID                       role that needs this external id; may be repeated
  --health-interval-scale 0.1                  real seconds per second of health check interval and timeout
  --aws-limits generous|real                   size of the token buckets
  --aws-speed 5                                multiplies their rates, not their bursts
  --aws-state file|memory                      whether AWS's state outlives the process; a large one is written whole with every change
  --poll-ms 250                                how often the data plane asks for changes
  --control-port --network-port --aws-port --cluster-port   0, or one that is taken: another is chosen and remembered`;

/** Reads the command line. @throws Error with the field and what it may be, for the person who typed it. */
export function readCommandLine(args: readonly string[]): SandboxOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dir: { type: 'string' },
      parts: { type: 'string', default: allParts.join(',') },
      clusters: { type: 'string', default: 'blue-2025,green-2026' },
      'auto-mode': { type: 'string', default: '' },
      'aws-endpoint': { type: 'string' },
      'network-url': { type: 'string' },
      kubeconfig: { type: 'string', multiple: true, default: [] },
      region: { type: 'string', default: 'us-east-1' },
      accounts: { type: 'string', default: '111122223333' },
      role: { type: 'string', multiple: true, default: [] },
      'health-interval-scale': { type: 'string', default: '0.1' },
      'aws-limits': { type: 'string', default: 'generous' },
      'aws-speed': { type: 'string', default: '1' },
      'aws-state': { type: 'string', default: 'file' },
      'poll-ms': { type: 'string', default: '250' },
      'control-port': { type: 'string', default: '0' },
      'network-port': { type: 'string', default: '0' },
      'aws-port': { type: 'string', default: '0' },
      'cluster-port': { type: 'string', default: '0' },
    },
  });
  if (values.dir === undefined) throw new Error(`--dir is needed.\n${usage}`);
  const parts = list(values.parts).map((part) => among(part, allParts, '--parts'));
  const accounts = list(values.accounts);
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined || accounts.length === 0)
    throw new Error(`--accounts: '${wrong ?? ''}' is not an account id of 12 digits`);
  return {
    dir: path.resolve(values.dir),
    parts: new Set(parts),
    awsEndpoint: values['aws-endpoint'],
    networkUrl: values['network-url'],
    kubeconfigs: Object.fromEntries(values.kubeconfig.map((pair) => split(pair, '--kubeconfig NAME=FILE'))),
    clusters: list(values.clusters),
    autoMode: list(values['auto-mode']),
    region: values.region,
    accounts,
    roles: values.role
      .map((pair) => split(pair, '--role ARN=EXTERNAL_ID'))
      .map(([arn, externalId]) => ({ arn, externalId })),
    healthIntervalScale: positive(values['health-interval-scale'], '--health-interval-scale'),
    awsLimits: among(values['aws-limits'], ['generous', 'real'], '--aws-limits'),
    awsSpeed: positive(values['aws-speed'], '--aws-speed'),
    awsState: among(values['aws-state'], ['file', 'memory'], '--aws-state'),
    pollMs: positive(values['poll-ms'], '--poll-ms'),
    ports: {
      control: port(values['control-port']),
      network: port(values['network-port']),
      aws: port(values['aws-port']),
      cluster: port(values['cluster-port']),
    },
  };
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function among<const T extends string>(value: string, allowed: readonly T[], option: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`${option}: '${value}' is not one of ${allowed.join(', ')}`);
  return found;
}

function split(pair: string, option: string): [string, string] {
  const at = pair.lastIndexOf('=');
  if (at < 1) throw new Error(`${option}: '${pair}' has no '='`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function positive(value: string, option: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new Error(`${option}: '${value}' is not a number above 0`);
  return number;
}

function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new Error(`'${value}' is not a port (0–65535)`);
  return number;
}
