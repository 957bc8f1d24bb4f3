// npm start: everything on this machine, and nothing beyond it. Installs, builds, starts PostgreSQL, the sandbox and
// Sluice, then shows one blue/green upgrade. Stays up until Ctrl-C.
//   --scenario blue-green|cluster-upgrade   which upgrade: one route (the default), or a hundred at once with AWS's limits on
//   --speed 5   cluster-upgrade: that many times AWS's rates
//   --no-demo   without the upgrade
//   --once      runs the upgrade, stops everything, and exits 0 only if every step was verified and no request was lost
// The environment is not used (see lib/safe-environment.mjs), except KUBEBUILDER_ASSETS: with it the sandbox's clusters
// are real control planes.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install, requireNodeVersion } from './lib/install.mjs';
import { isMain, stateDir } from './lib/paths.mjs';
import { sleep } from './lib/processes.mjs';
import { ToolError, main, say, seconds } from './lib/say.mjs';
import { forgetOutside } from './lib/safe-environment.mjs';
import { RunFolder } from './lib/services.mjs';

const GRACE_MS = 15_000;
const accessFile = path.join(stateDir, 'access.json');

const scenarios = {
  'blue-green': async () => (await import('./walkthrough/walkthrough.mjs')).walkthrough,
  'cluster-upgrade': async () => (await import('./walkthrough/cluster-upgrade/cluster-upgrade.mjs')).clusterUpgrade,
};

async function start({ once, noDemo, scenario, speed, signal, world }) {
  const began = performance.now();
  await install();
  const { build } = await import('./build.mjs');
  await build();
  const { LocalWorld } = await import('./lib/local-world.mjs');
  const local = (world.current = new LocalWorld(world.runFolder, world.fail));
  const access = await local.start(signal);
  local.writeAccess(accessFile);
  say(`ready after ${seconds(performance.now() - began)}: ${signedIn(access)}`);
  if (noDemo) {
    describe(access);
    return undefined;
  }
  const play = await scenarios[scenario]();
  const result = await play({
    access,
    sandbox: local.sandbox,
    signal,
    onAlb: (alb) => local.writeAccess(accessFile, { alb }),
    ...(speed === undefined ? {} : { speed }),
  });
  describe({ ...access, alb: result.alb });
  if (once) return result.ok ? 0 : 1;
  return undefined;
}

/** The dashboard's address with the token behind it: it signs in and forgets the token from its address at once. */
const signedIn = ({ dashboard, token }) => `${dashboard}#token=${token}`;

function describe({ dashboard, api, alb, token, database }) {
  const lines = [
    ['dashboard', signedIn({ dashboard, token })],
    ['API', `${api}/v1   pages: ${api}/docs   OpenAPI: ${api}/openapi.json`],
    ['ALB', alb ?? '(made by the walkthrough)'],
    ['token', token],
    ['database', withoutPassword(database)],
    ['all of it', `${path.relative(process.cwd(), accessFile) || accessFile} (for programs)`],
    ['logs', path.relative(process.cwd(), path.join(stateDir, 'logs'))],
  ];
  say('');
  for (const [name, value] of lines) say(`  ${name.padEnd(10)} ${value}`);
  say('');
}

/** The password stands in access.json, which only its owner may read; a terminal's lines get about. */
function withoutPassword(url) {
  const shown = new URL(url);
  shown.password = '';
  return shown.toString();
}

/** Runs until a signal, a service that cannot be kept running, or the end of `--once`; then stops what it started. */
async function live(options) {
  const world = { current: undefined, runFolder: new RunFolder(path.join(stateDir, 'run')), fail: undefined };
  world.runFolder.claim();
  const stop = new AbortController();
  const ended = new Promise((resolve) => {
    world.fail = (message) => resolve(new ToolError(message));
    stop.signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  onSignals(
    () => stop.abort(),
    () => world.current?.kill(),
  );
  const started = start({ ...options, signal: stop.signal, world }).then((code) =>
    code === undefined ? waitFor(ended) : code,
  );
  try {
    const outcome = await Promise.race([started, ended]);
    if (outcome instanceof ToolError) throw outcome;
    return outcome === 'stopped' ? (options.once ? 130 : 0) : outcome;
  } finally {
    stop.abort();
    if (world.current !== undefined) {
      say('stopping …');
      await world.current.stop();
      // what was being started just then comes to its end, and is stopped as well
      await Promise.race([started.catch(() => undefined), sleep(GRACE_MS)]);
      await world.current.stop();
      say('everything is stopped; its data stays in .sluice');
    }
    world.runFolder.forget('start');
  }
}

function waitFor(ended) {
  say('It stays up. Ctrl-C stops everything that was started here.');
  return ended;
}

function onSignals(first, second) {
  let seen = 0;
  const handle = (name) => () => {
    seen++;
    if (seen === 1) {
      say(`${name}: stopping (once more: at once)`);
      first();
      return;
    }
    second();
    process.exit(130);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, handle(name));
  onNpmGone(handle('npm ended'));
}

/** npm ends on SIGTERM and tells only the shell between us; whoever ended npm meant everything. */
function onNpmGone(stop) {
  if (process.env.npm_lifecycle_event !== 'start') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 500);
  watch.unref();
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      'no-demo': { type: 'boolean', default: false },
      scenario: { type: 'string', default: 'blue-green' },
      speed: { type: 'string' },
    },
  });
  const { once, 'no-demo': noDemo, scenario } = values;
  if (once && noDemo) throw new ToolError('--once runs the upgrade and --no-demo leaves it out: give one of them');
  if (!Object.hasOwn(scenarios, scenario))
    throw new ToolError(`--scenario: there is no ${scenario}; there are ${Object.keys(scenarios).join(' and ')}`);
  if (values.speed === undefined) return { once, noDemo, scenario };
  const speed = Number(values.speed);
  if (scenario !== 'cluster-upgrade') throw new ToolError('--speed goes with --scenario cluster-upgrade');
  if (!(speed >= 0.5 && speed <= 10)) throw new ToolError(`--speed: ${values.speed} is not a number from 0.5 to 10`);
  return { once, noDemo, scenario, speed };
}

if (isMain(import.meta)) {
  await main(async () => {
    requireNodeVersion();
    forgetOutside();
    const code = await live(readOptions());
    // what is left is at most an idle connection
    process.exit(code);
  });
}
