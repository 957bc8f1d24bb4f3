import 'reflect-metadata';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { BadConfig, readConfig, type Config } from './config.js';
import { createApp, type App } from './create-app.js';
import { whyNotStarted } from './start/why-not-started.js';

/** Where the migrations stand when this file runs from a checkout or from the image. */
const besideTheBuild = path.resolve(import.meta.dirname, '../../../prisma/migrations');

function configOrExit(): Config {
  try {
    const config = readConfig(process.env);
    return { ...config, migrationsDir: config.migrationsDir ?? (existsSync(besideTheBuild) ? besideTheBuild : null) };
  } catch (error) {
    if (!(error instanceof BadConfig)) throw error;
    process.stderr.write(`sluice cannot start: ${error.message}\n`);
    process.exit(1);
  }
}

/** One sentence, nothing left running, exit code 1: what the start has taken (gateways, connections) is given back first. */
async function giveUp(error: unknown): Promise<never> {
  process.stderr.write(`sluice cannot start: ${whyNotStarted(error, config)}\n`);
  const late = setTimeout(() => process.exit(1), longestEndMs);
  await app?.close().catch(() => undefined);
  clearTimeout(late);
  process.exit(1);
}

/** How long a start that failed may take to give back what it has taken. */
const longestEndMs = 10_000;
const config = configOrExit();
let app: App | undefined;
let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    (app?.close() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`sluice did not stop cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
try {
  app = await createApp(config);
  const url = await app.listen();
  process.stdout.write(
    `Sluice (${config.role}) ${url}/v1 · docs ${url}/docs · OpenAPI ${url}/openapi.json${config.dashboardDir === null ? '' : ` · dashboard ${url}/`}\n`,
  );
} catch (error) {
  // told to stop while it started: then it is stopping already, and that isn't a failure
  if (!stopping) await giveUp(error);
}
