// Generates the Prisma client from prisma/schema.prisma into libs/postgres/src/generated, when the schema has changed.
import { createRequire } from 'node:module';
import path from 'node:path';
import { hashFiles } from './lib/hashing.mjs';
import { cacheDir, inRoot, isMain, root } from './lib/paths.mjs';
import { capture } from './lib/processes.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';
import { withLock } from './lib/lock.mjs';
import { isUpToDate, writeStamp } from './lib/stamps.mjs';

const SCHEMA = 'prisma/schema.prisma';
const stamp = path.join(cacheDir, 'generate.stamp');

/** Generates the client unless it is there and made from today's schema and Prisma version. */
export async function generate({ force = false } = {}) {
  const hash = hashFiles([SCHEMA, 'prisma.config.ts'], installedVersion());
  const isCurrent = () => isUpToDate(stamp, hash, inRoot('libs/postgres/src/generated'));
  if (!force && isCurrent()) return;
  await withLock(path.join(cacheDir, 'generate.lock'), async () => {
    if (!force && isCurrent()) return;
    await step('generating the Prisma client', runPrisma);
    writeStamp(stamp, hash);
  });
}

const requireHere = createRequire(import.meta.url);
const installedVersion = () => requireHere('prisma/package.json').version;

async function runPrisma() {
  const cli = path.join(path.dirname(requireHere.resolve('prisma/package.json')), 'build/index.js');
  const env = {
    ...process.env,
    // generating needs no schema engine, but the CLI insists on finding one, and would download it
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  };
  const { code, stdout, stderr } = await capture(process.execPath, [cli, 'generate', '--schema', SCHEMA], {
    cwd: root,
    env,
  });
  if (code !== 0) throw new ToolError(`prisma generate failed:\n${stdout}${stderr}`);
}

if (isMain(import.meta)) {
  await main(async () => {
    await generate({ force: process.argv.includes('--force') });
    say('the Prisma client is up to date');
  });
}
