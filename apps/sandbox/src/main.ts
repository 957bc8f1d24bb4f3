import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startSandbox, type Access } from './sandbox.js';
import { readCommandLine } from './shared/command-line.js';

/** Whether a sandbox is running on this directory already; two would overwrite each other's state. */
async function alreadyRunning(dir: string): Promise<number | undefined> {
  try {
    const { control } = JSON.parse(await readFile(path.join(dir, 'access.json'), 'utf8')) as Access; // written by a sandbox
    const answer = (await (await fetch(control, { signal: AbortSignal.timeout(1_000) })).json()) as {
      sandbox?: string;
      pid?: number;
    };
    return answer.sandbox === dir ? answer.pid : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing that is being stopped may keep the process longer. */
const stopDeadlineMs = 10_000;

async function main(): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const options = readCommandLine(process.argv.slice(2));
  const other = await alreadyRunning(options.dir);
  if (other !== undefined)
    throw new Error(
      `A sandbox is running on ${options.dir} already (pid ${other}). Stop it first, or choose another --dir.`,
    );
  const sandbox = await startSandbox(options);
  const { access } = sandbox;
  console.log(
    `sandbox ready aws=${access.aws.endpoint ?? '-'} control=${access.control} network=${access.network ?? '-'} clusters=${Object.keys(access.clusters).join(',') || '-'} access=${path.join(options.dir, 'access.json')}`,
  );
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), stopDeadlineMs).unref();
    void sandbox.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(`sandbox: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
