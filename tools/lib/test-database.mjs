// The template that every test database is cloned from: one per set of migrations, made once, closed to connections.
import { createHash } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { deploy, migrationsIn } from '../deploy.mjs';
import { dropDatabase, query, withDatabase } from './databases.mjs';
import { withLock } from './lock.mjs';
import { inRoot, stateDir } from './paths.mjs';

const PREFIX = 'sluice_template_';

/** Makes the template for today's migrations if it is missing, drops those of other days; gives its name. */
export async function prepareTemplate(adminUrl) {
  const checksums = migrationsIn(inRoot('prisma/migrations')).map(({ name, checksum }) => `${name} ${checksum}`);
  const name = PREFIX + createHash('sha256').update(checksums.join('\n')).digest('hex').slice(0, 12);
  await withLock(path.join(stateDir, 'test-template.lock'), async () => {
    const found = await query(adminUrl, {
      text: 'SELECT datname, datallowconn FROM pg_database WHERE datname LIKE $1',
      values: [`${PREFIX}%`],
    });
    // one that still allows connections was left half way
    if (found.some((row) => row.datname === name && !row.datallowconn)) return;
    for (const row of found) await dropDatabase(adminUrl, row.datname);
    await makeTemplate(adminUrl, name);
  });
  return name;
}

async function makeTemplate(adminUrl, name) {
  const quoted = pg.escapeIdentifier(name);
  await query(adminUrl, `CREATE DATABASE ${quoted}`);
  await deploy({ url: withDatabase(adminUrl, name) });
  await query(adminUrl, `ALTER DATABASE ${quoted} WITH ALLOW_CONNECTIONS false`);
}
