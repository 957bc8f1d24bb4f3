// npm run serve: Sluice for real (its script says `exec`, or npm's shell would keep the signals that npm passes on). Brings DATABASE_URL's database up to date and starts apps/api in this process. There is
// no default for anything that moves traffic, and never a sandbox. In the image (`--built`) nothing is installed or built.
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inRoot, isMain } from './lib/paths.mjs';
import { ToolError, main, say } from './lib/say.mjs';

const KEY_BYTES = 32;
const ROLES = ['api', 'worker', 'all'];

/** Everything that is missing or wrong in the environment, as sentences. */
export function environmentProblems(env) {
  return [
    ...databaseProblems(env.DATABASE_URL),
    ...keyProblems(env.SLUICE_ENCRYPTION_KEY_FILE),
    ...roleProblems(env.SLUICE_ROLE),
  ];
}

function databaseProblems(url) {
  if (!url)
    return [
      'DATABASE_URL is not set: it names the PostgreSQL database, as postgresql://user:password@host:5432/sluice',
    ];
  return /^postgres(ql)?:\/\//.test(url) ? [] : ['DATABASE_URL does not begin with postgresql://'];
}

function keyProblems(file) {
  const make = 'Make one with: (umask 077; openssl rand -base64 32 > sluice.key)';
  if (!file) {
    return [
      `SLUICE_ENCRYPTION_KEY_FILE is not set: it names a file with ${KEY_BYTES} bytes in base64, by which stored credentials are sealed. ${make}`,
    ];
  }
  if (!existsSync(file)) return [`SLUICE_ENCRYPTION_KEY_FILE is ${file}, and there is no such file. ${make}`];
  // the same rules as readSealingKeys of @sluice/postgres, which need not be built yet
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length > 0 && lines.every(isKey)) return [];
  return [
    `SLUICE_ENCRYPTION_KEY_FILE is ${file}, which must hold ${KEY_BYTES} bytes in base64 per line (the first seals). ${make}`,
  ];
}

function isKey(line) {
  const bytes = Buffer.from(line, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === line;
}

function roleProblems(role) {
  if (!role) return ['SLUICE_ROLE is not set: api answers requests, worker moves traffic, all does both'];
  return ROLES.includes(role) ? [] : [`SLUICE_ROLE is ${role}; it must be one of ${ROLES.join(', ')}`];
}

if (isMain(import.meta)) {
  await main(async () => {
    const problems = environmentProblems(process.env);
    if (problems.length > 0)
      throw new ToolError(`Sluice cannot be served yet:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    if (!process.argv.includes('--built')) {
      const { install } = await import('./lib/install.mjs');
      await install();
      const { build } = await import('./build.mjs');
      await build();
    }
    const { awaitDatabase, DatabaseUnavailable } = await import(
      pathToFileURL(inRoot('libs/postgres/dist/index.js')).href
    );
    await awaitDatabase(process.env.DATABASE_URL, {
      onWaiting: (reason) => say(`the database cannot be reached yet, it is tried for a minute: ${reason}`),
    }).catch((error) => {
      throw error instanceof DatabaseUnavailable ? new ToolError(`Sluice cannot be served: ${error.message}`) : error;
    });
    const { deploy } = await import('./deploy.mjs');
    const applied = await deploy({ url: process.env.DATABASE_URL });
    say(applied.length === 0 ? 'the database is up to date' : `migrations applied: ${applied.join(', ')}`);
    process.env.SLUICE_DASHBOARD_DIR ??= inRoot('apps/dashboard/dist');
    await import(pathToFileURL(inRoot('apps/api/dist/main.js')).href);
  });
}
