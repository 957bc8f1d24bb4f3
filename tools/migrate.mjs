// npm run db:new -- <name>   writes the SQL from the migrations to today's schema as a new migration (edit it as needed)
// npm run db:check           fails when schema and migrations disagree, or when the official engine would not accept them
// Works on DATABASE_URL's server where that is set, in databases of its own; otherwise on an embedded PostgreSQL.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deploy, migrationsIn } from './deploy.mjs';
import { withScratchDatabase } from './lib/databases.mjs';
import { inRoot, isMain } from './lib/paths.mjs';
import { ToolError, main, say } from './lib/say.mjs';
import { filters, migrationsList, withSchemaEngine } from './lib/schema-engine.mjs';

const defaults = { schemaPath: inRoot('prisma/schema.prisma'), dir: inRoot('prisma/migrations') };

/** The SQL that leads from the migrations to the schema; `undefined` when they agree. */
export async function pendingSql({ schemaPath, dir } = defaults) {
  const list = migrationsList(dir);
  const from = list.migrationDirectories.length > 0 ? { tag: 'migrations', ...list } : { tag: 'empty' };
  const to = { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }] };
  const request = { from, to, script: true, exitCode: true, shadowDatabaseUrl: null, filters };
  const diff = await withScratchDatabase((url) =>
    withSchemaEngine({ url, schemaPath }, (engine) => engine.diff(request)),
  );
  return diff.exitCode === 2 ? diff.stdout : undefined;
}

/** What the official engine says of a database that our own `deploy` has brought up to date: nothing, if all is well. */
export async function historyProblems({ schemaPath, dir } = defaults) {
  return withScratchDatabase(async (url) => {
    await deploy({ url, dir });
    return withSchemaEngine({ url, schemaPath }, async (engine) => {
      const request = { migrationsList: migrationsList(dir), optInToShadowDatabase: true, filters };
      const found = await engine.diagnoseMigrationHistory(request);
      const { history, drift, failedMigrationNames, editedMigrationNames, errorInUnappliedMigration } = found;
      const wrong = {
        history,
        drift,
        error: errorInUnappliedMigration,
        failed: failedMigrationNames,
        edited: editedMigrationNames,
      };
      const isWrong = (value) => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null);
      return [
        ...Object.entries(wrong).flatMap(([what, value]) =>
          isWrong(value) ? [`${what}: ${JSON.stringify(value)}`] : [],
        ),
        ...(found.hasMigrationsTable ? [] : ['the table _prisma_migrations is not recognised']),
      ];
    });
  });
}

async function check() {
  const sql = await pendingSql();
  if (sql !== undefined) {
    throw new ToolError(
      `prisma/schema.prisma and prisma/migrations disagree; npm run db:new -- <name> would write:\n${sql}`,
    );
  }
  const problems = await historyProblems();
  if (problems.length > 0)
    throw new ToolError(`Prisma's own engine would not accept the migrations: ${problems.join('; ')}`);
  say(`schema and ${migrationsIn(defaults.dir).length} migrations agree, and Prisma's own engine accepts them`);
}

async function writeNew(name) {
  if (!/^[a-z0-9_]+$/.test(name ?? '')) {
    throw new ToolError('say what the migration does: npm run db:new -- lower_case_name');
  }
  const sql = await pendingSql();
  if (sql === undefined)
    say('schema and migrations agree: this one starts empty, for SQL that Prisma has no words for');
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const file = path.join(defaults.dir, `${stamp}_${name}`, 'migration.sql');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, sql ?? '');
  const lockFile = path.join(defaults.dir, 'migration_lock.toml');
  if (!existsSync(lockFile)) writeFileSync(lockFile, 'provider = "postgresql"\n');
  say(`written: ${path.relative(inRoot(), file)}`);
}

if (isMain(import.meta)) {
  const [command, name] = process.argv.slice(2);
  await main(async () => {
    if (command === 'check') return check();
    if (command === 'new') return writeNew(name);
    throw new ToolError('usage: node tools/migrate.mjs new <name> | check');
  });
}
