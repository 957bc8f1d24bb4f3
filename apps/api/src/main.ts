import 'reflect-metadata';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { BadConfig, readConfig, type Config } from './config.js';
import { createApp } from './create-app.js';

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

const config = configOrExit();
const app = await createApp(config);
let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`sluice did not stop cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
const url = await app.listen();
process.stdout.write(
  `Sluice (${config.role}) ${url}/v1 · docs ${url}/docs · OpenAPI ${url}/openapi.json${config.dashboardDir === null ? '' : ` · dashboard ${url}/`}\n`,
);
