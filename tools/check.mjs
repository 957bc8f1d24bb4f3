// npm run check [-- <names>]: everything that can be said of the sources without running them. Each part is counted and
// all of them run; the last line is `N passed, N failed`. Names choose parts: npm run check -- lint types
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { install } from './lib/install.mjs';
import { inRoot, isMain, root } from './lib/paths.mjs';
import { capture } from './lib/processes.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';

const workspaces = () =>
  ['libs', 'apps'].flatMap((group) =>
    readdirSync(inRoot(group))
      .map((name) => `${group}/${name}`)
      .filter((place) => hasTypeScript(inRoot(place, 'src'))),
  );

const hasTypeScript = (dir) =>
  existsSync(dir) &&
  readdirSync(dir, { recursive: true }).some(
    (file) => /[.]tsx?$/.test(file) && statSync(path.join(dir, file)).isFile(),
  );

const parts = {
  format: () =>
    tool('prettier/bin/prettier.cjs', [
      '--check',
      '--log-level',
      'warn',
      '**/*.{ts,tsx,mjs,cjs,css,html}',
      '*.json',
      '{libs,apps}/*/*.json',
    ]),
  lint: () =>
    tool('eslint/bin/eslint.js', [
      '--max-warnings',
      '0',
      '--no-error-on-unmatched-pattern',
      'libs',
      'apps',
      'test',
      'tools',
      '*.mjs',
    ]),
  types: async () => {
    await tool('typescript/bin/tsc', ['-p', 'tsconfig.check.json']);
    if (existsSync(inRoot('apps/dashboard/tsconfig.json')))
      await tool('typescript/bin/tsc', ['-p', 'apps/dashboard', '--noEmit']);
  },
  boundaries: async () => {
    const { boundaryViolations } = await import('./lib/boundaries.mjs');
    const { violations, modules } = await boundaryViolations(root, workspaces());
    if (violations.length > 0)
      throw new ToolError(`imports against the arrows of the design:\n${violations.join('\n')}`);
    return `${modules} modules`;
  },
  unused: () =>
    tool('knip/bin/knip.js', [
      '--no-progress',
      '--no-config-hints',
      '--include',
      'files,dependencies,unlisted,unresolved',
    ]),
  migrations: () => node('tools/migrate.mjs', ['check']),
  openapi: () => node('tools/openapi.mjs', ['check']),
  compose: () => node('tools/compose-check.mjs', ['--file-only']),
};

const isThere = (name) => name !== 'openapi' || existsSync(inRoot('tools/openapi.mjs'));

const tool = (script, args) => passes([inRoot('node_modules', script), ...args]);
const node = (script, args) => passes([inRoot(script), ...args]);

async function passes(args) {
  const { code, stdout, stderr } = await capture(process.execPath, args, { cwd: root });
  if (code !== 0) throw new ToolError(`${stdout}${stderr}`.trim());
}

async function holds(name) {
  try {
    await step(`check: ${name}`, parts[name]);
    return true;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(`FAILED: check: ${name}\n${error.message}`);
    return false;
  }
}

if (isMain(import.meta)) {
  await main(async () => {
    const asked = process.argv.slice(2);
    const unknown = asked.filter((name) => !(name in parts));
    if (unknown.length > 0)
      throw new ToolError(`there is no check called ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
    await install();
    const { generate } = await import('./generate.mjs');
    await generate();
    const { closeWith } = await import('./lib/counts.mjs');
    const names = Object.keys(parts).filter((name) => (asked.length === 0 || asked.includes(name)) && isThere(name));
    const failed = [];
    for (const name of names) if (!(await holds(name))) failed.push(name);
    if (failed.length > 0) say(`failed: ${failed.join(', ')}`);
    return closeWith('npm run check', { passed: names.length - failed.length, failed: failed.length });
  });
}
