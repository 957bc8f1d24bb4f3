import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built program of the sandbox. */
export const sandboxProgram = fileURLToPath(new URL('../../apps/sandbox/dist/main.js', import.meta.url));

export interface SandboxOptions {
  /** Its state; kept when it stops. */
  readonly dir: string;
  readonly parts: readonly ('aws' | 'data-plane' | 'clusters' | 'controller')[];
  readonly clusters: readonly string[];
  /** Folder of etcd and kube-apiserver, to have real clusters; null = the sandbox's own. */
  readonly assets: string | null;
}

/** What the sandbox says about itself in `access.json`. */
export interface SandboxAccess {
  readonly control: string;
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly clusters: Readonly<Record<string, string>>;
  readonly sluiceClusters: Readonly<Record<string, string>>;
}

export interface SandboxProgram {
  readonly access: SandboxAccess;
  stop(): Promise<void>;
}

/** Starts the sandbox as a process of its own and waits until it is ready. */
export async function startSandboxProgram({ dir, parts, clusters, assets }: SandboxOptions): Promise<SandboxProgram> {
  const args = [sandboxProgram, '--dir', dir, '--parts', parts.join(','), '--clusters', clusters.join(',')];
  const env = { ...process.env, KUBEBUILDER_ASSETS: assets ?? '' };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  await ready(child);
  const access = JSON.parse(readFileSync(path.join(dir, 'access.json'), 'utf8')) as SandboxAccess; // written by the sandbox
  return { access, stop: () => ended(child) };
}

/** Waits for the line that says so; a sandbox that ends instead is an error with what it printed. */
async function ready(child: ChildProcess): Promise<void> {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('sandbox ready')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}: ${printed.slice(-2_000)}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await exit;
}
