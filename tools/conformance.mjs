// npm run test:conformance [-- <Jest arguments>]: the contract suites against the sandbox and against real peers. Brings
// moto (PyPI) and the Kubernetes programs (Go modules), and tells the suites where they are:
//   SLUICE_MOTO_ENDPOINT       moto's URL
//   KUBEBUILDER_ASSETS         folder of etcd, kube-apiserver, kubectl
//   SLUICE_AWSCLI              the `aws` program
// A missing toolchain skips its part with a line that says so; with CI=true it is a failure instead.
import path from 'node:path';
import { filesUnder } from './lib/hashing.mjs';
import { isMain } from './lib/paths.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';
import { prepareForTests, withTestDatabase } from './test.mjs';

/** Brings every peer that can be had: `{ env, stop() }`. */
async function bringPeers() {
  const running = [];
  const env = {};
  const stop = async () => {
    for (const peer of running.reverse()) await peer.stop();
  };
  try {
    await bringMoto(env, running);
    await bringKubernetes(env);
    await bringAwsCli(env);
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringMoto(env, running) {
  const { startMoto } = await import('./peers/moto.mjs');
  const moto = await step('starting moto', startMoto);
  if (moto.missing) return leaveOut('moto', moto.missing);
  running.push(moto);
  env.SLUICE_MOTO_ENDPOINT = moto.endpoint;
}

async function bringKubernetes(env) {
  const { kubeAssets } = await import('./peers/kube.mjs');
  const { dir, missing } = await kubeAssets();
  if (missing) return leaveOut('kube-apiserver', missing);
  env.KUBEBUILDER_ASSETS = dir;
}

async function bringAwsCli(env) {
  const { pythonPeer } = await import('./peers/python.mjs');
  const { bin, missing } = await pythonPeer('awscli');
  if (missing) return leaveOut('the AWS CLI', missing);
  env.SLUICE_AWSCLI = path.join(bin, 'aws');
}

function leaveOut(what, why) {
  if (process.env.CI === 'true') throw new ToolError(`${what} may not be left out in CI: ${why}`);
  say(`SKIPPED: everything that needs ${what}. ${why}`);
}

if (isMain(import.meta)) {
  await main(async () => {
    const specs = filesUnder(['test/conformance'], (file) => file.endsWith('.spec.ts'));
    await prepareForTests({ built: true });
    const { runSpecs } = await import('./lib/jest.mjs');
    const { closeWith } = await import('./lib/counts.mjs');
    process.on('SIGINT', () => {});
    const { env, stop } = await bringPeers();
    try {
      const counts = await withTestDatabase((database) =>
        runSpecs(specs, process.argv.slice(2), { ...env, ...database }),
      );
      return closeWith('npm run test:conformance', counts);
    } finally {
      await stop();
    }
  });
}
