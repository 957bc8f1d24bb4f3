// npm test [-- <Jest arguments>]: installs and generates what is missing, starts an embedded PostgreSQL with a migrated
// template database, runs Jest, and stops the server. The last line is `N passed, N failed`.
import { isMain } from './lib/paths.mjs';
import { install } from './lib/install.mjs';
import { main } from './lib/say.mjs';

/** Runs `work` with the environment of the tests: SLUICE_TEST_DATABASE_URL (admin) and SLUICE_TEST_TEMPLATE. */
export async function withTestDatabase(work) {
  const { startTestPostgres } = await import('./lib/databases.mjs');
  const { prepareTemplate } = await import('./lib/test-database.mjs');
  const server = await startTestPostgres();
  try {
    const template = await prepareTemplate(server.url);
    return await work({ SLUICE_TEST_DATABASE_URL: server.url, SLUICE_TEST_TEMPLATE: template });
  } finally {
    await server.release();
  }
}

/** All that a suite needs before Jest can start: dependencies, the generated client, and (`built`) the built programs. */
export async function prepareForTests({ built = false } = {}) {
  await install();
  const { generate } = await import('./generate.mjs');
  await generate();
  if (!built) return;
  const { build } = await import('./build.mjs');
  await build();
}

/** Suites in `test` start the built programs; those beside the code need none of them. */
const needsPrograms = (args) => {
  const paths = args.filter((argument) => !argument.startsWith('-'));
  return paths.length === 0 || paths.some((each) => /^([.]\/)?test(\/|$)/.test(each));
};

if (isMain(import.meta)) {
  await main(async () => {
    const args = process.argv.slice(2);
    await prepareForTests({ built: needsPrograms(args) });
    const { runJest } = await import('./lib/jest.mjs');
    const { closeWith } = await import('./lib/counts.mjs');
    // Ctrl-C reaches Jest as well; we stay to stop the database
    process.on('SIGINT', () => {});
    const counts = await withTestDatabase((env) => runJest(args, env));
    return closeWith('npm test', counts);
  });
}
