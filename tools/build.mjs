// npm run build: the Prisma client, the programs with the libraries they need, and the dashboard. What has not changed is not built again.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from './generate.mjs';
import { filesUnder, hashFiles } from './lib/hashing.mjs';
import { withLock } from './lib/lock.mjs';
import { cacheDir, inRoot, isMain, root } from './lib/paths.mjs';
import { capture } from './lib/processes.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';

const FROM_EVERYTHING = ['package-lock.json', 'tsconfig.base.json', 'tsconfig.json'];
const isSource = (file) => !/\.spec\.tsx?$/.test(file) && !file.startsWith('libs/testing/');

const parts = [
  {
    name: 'TypeScript',
    sources: ['libs', 'apps/api', 'apps/sandbox', 'prisma/schema.prisma', ...FROM_EVERYTHING],
    products: ['libs/domain/dist', 'apps/api/dist', 'apps/sandbox/dist'],
    make: () => runTool('typescript/bin/tsc', ['-b', 'apps/api', 'apps/sandbox']),
  },
  {
    name: 'the dashboard',
    sources: ['apps/dashboard', 'libs/contracts', ...FROM_EVERYTHING],
    products: ['apps/dashboard/dist/index.html'],
    exists: () => existsSync(inRoot('apps/dashboard/index.html')),
    make: () => runTool('vite/bin/vite.js', ['build', '--logLevel', 'warn'], inRoot('apps/dashboard')),
  },
];

/** Builds what is missing or older than its sources; returns whether anything was built. */
export async function build() {
  await generate();
  const missing = () => parts.filter(({ exists = () => true }) => exists()).filter((part) => !isCurrent(part));
  if (missing().length === 0) return false;
  await withLock(path.join(cacheDir, 'build.lock'), async () => {
    for (const part of missing()) {
      const hash = hashOf(part);
      await step(`building ${part.name}`, part.make);
      remember(part.name, hash);
    }
  });
  return true;
}

const stampFile = path.join(cacheDir, 'build.json');
const hashOf = ({ sources }) => hashFiles(filesUnder(sources, isSource), process.versions.node);
const isCurrent = (part) =>
  stamps()[part.name] === hashOf(part) && part.products.every((file) => existsSync(inRoot(file)));
const stamps = () => (existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {});

function remember(name, hash) {
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(stampFile, `${JSON.stringify({ ...stamps(), [name]: hash }, null, 2)}\n`);
}

async function runTool(script, args, cwd = root) {
  const { code, stdout, stderr } = await capture(process.execPath, [inRoot('node_modules', script), ...args], { cwd });
  if (code !== 0) throw new ToolError(`${path.basename(script)} failed:\n${stdout}${stderr}`);
}

if (isMain(import.meta)) {
  await main(async () => {
    if (!(await build())) say('everything is built');
  });
}
