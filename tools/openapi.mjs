// The OpenAPI document of the API, made from its controllers without a database or a socket.
// `node tools/openapi.mjs write` brings apps/api/openapi.json up to date; `check` fails when it isn't, and names what differs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { inRoot, isMain } from './lib/paths.mjs';
import { ToolError, main, say } from './lib/say.mjs';

const file = inRoot('apps/api/openapi.json');

/** The document as text, from the built API (`npx tsc -b apps/api`). */
export async function generateOpenApi() {
  const { createApp, openApiDocument, readConfig } = await import(pathToFileURL(inRoot('apps/api/dist/index.js')).href);
  const { createSealingKeyFile } = await import(pathToFileURL(inRoot('libs/postgres/dist/index.js')).href);
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-openapi-'));
  try {
    const key = path.join(dir, 'key');
    createSealingKeyFile(key);
    // nothing connects before `listen`
    const app = await createApp(
      readConfig({
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
        SLUICE_ENCRYPTION_KEY_FILE: key,
        SLUICE_ROLE: 'api',
        SLUICE_LOG_LEVEL: 'silent',
      }),
    );
    const document = openApiDocument(app.nest);
    await app.close();
    return await format(JSON.stringify(document), { ...(await resolveConfig(file)), parser: 'json' });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Paths of the document whose content differs, for people. */
function differences(checkedIn, generated) {
  const [before, after] = [JSON.parse(checkedIn), JSON.parse(generated)];
  const parts = (document) => ({ ...document.paths, ...document.components?.schemas });
  const names = new Set([...Object.keys(parts(before)), ...Object.keys(parts(after))]);
  return [...names].filter((name) => JSON.stringify(parts(before)[name]) !== JSON.stringify(parts(after)[name]));
}

if (isMain(import.meta)) {
  await main(async () => {
    const command = process.argv[2];
    if (command !== 'check' && command !== 'write') throw new ToolError('say `check` or `write`');
    const generated = await generateOpenApi();
    if (command === 'write') {
      writeFileSync(file, generated);
      say('apps/api/openapi.json is written');
      return;
    }
    const checkedIn = readFileSync(file, 'utf8');
    if (checkedIn === generated) return say('apps/api/openapi.json is what the controllers say');
    throw new ToolError(
      `apps/api/openapi.json is out of date (node tools/openapi.mjs write): ${differences(checkedIn, generated).slice(0, 20).join(', ') || 'its header'}`,
    );
  });
}
