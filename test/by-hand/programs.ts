import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SandboxAccess } from '../conformance/sandbox-program.js';

/** kubectl and aws as somebody has them who types by hand; null, where they can't be had here. */
export const programs = {
  kubectl: existing(process.env['KUBEBUILDER_ASSETS'] && path.join(process.env['KUBEBUILDER_ASSETS'], 'kubectl')),
  aws: existing(process.env['SLUICE_AWSCLI']),
};

function existing(program: string | undefined): string | null {
  return program !== undefined && existsSync(program) ? program : null;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal of its own: nothing of the developer's settings, accounts or clusters is in it. */
export class Terminal {
  private readonly home = mkdtempSync(path.join(tmpdir(), 'sluice-by-hand-'));
  private readonly aws: Readonly<Record<string, string>>;

  constructor({ aws }: Pick<SandboxAccess, 'aws'>) {
    this.aws = {
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_DEFAULT_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_PAGER: '',
    };
  }

  /** `kubectl --kubeconfig <file> …`, whatever it ends with. */
  kubectl(kubeconfig: string, ...args: readonly string[]): Promise<Ended> {
    return this.run(programs.kubectl, ['--kubeconfig', kubeconfig, ...args]);
  }

  /** The same with `input` at its standard input, for `-f -`. */
  kubectlWith(input: string, kubeconfig: string, ...args: readonly string[]): Promise<Ended> {
    return this.run(programs.kubectl, ['--kubeconfig', kubeconfig, ...args], input);
  }

  /** `aws …`, its answer read as JSON. @throws Error with what it printed when it failed. */
  async awsJson(...args: readonly string[]) {
    const out = must(await this.run(programs.aws, [...args, '--output', 'json']), `aws ${args.join(' ')}`);
    return out === '' ? null : JSON.parse(out);
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  private run(program: string | null, args: readonly string[], input = ''): Promise<Ended> {
    if (program === null) throw new Error('the program is not here');
    const env = { HOME: this.home, PATH: process.env['PATH'] ?? '', ...this.aws };
    return new Promise((resolve) => {
      const child = execFile(program, args, { timeout: 60_000, env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
      });
      child.stdin?.end(input);
    });
  }
}

/** What it printed. @throws Error with all of it when it did not end well. */
export function must({ code, out, err }: Ended, what: string): string {
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${err}${out}`);
  return out;
}
