// npm run test:conformance [-- <Jest arguments>]: the contract suites against the sandbox and against real peers. Brings
// moto (PyPI) and a Kubernetes control plane (Go modules), and tells the suites where they are:
//   SLUICE_MOTO_ENDPOINT       moto's URL
//   KUBEBUILDER_ASSETS         folder of etcd, kube-apiserver, kubectl
//   SLUICE_KUBECONFIG          kubeconfig of an administrator of a fresh, real control plane
//   SLUICE_AWSCLI              the `aws` program
// A missing toolchain skips its part with a line that says so; with CI=true it is a failure instead.
import path from 'node:path';
import { filesUnder } from './lib/hashing.mjs';
import { isMain, stateDir } from './lib/paths.mjs';
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
    await bringKubernetes(env, running);
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

async function bringKubernetes(env, running) {
  const { kubeAssets } = await import('./peers/kube.mjs');
  const { startKubeCluster } = await import('./peers/kube-cluster.mjs');
  const { dir: assets, missing } = await kubeAssets();
  if (missing) return leaveOut('kube-apiserver', missing);
  const dir = path.join(stateDir, `conformance-kube-${process.pid}`);
  const cluster = await step('starting etcd and kube-apiserver', () => startKubeCluster({ assets, dir }));
  running.push(cluster);
  env.KUBEBUILDER_ASSETS = assets;
  env.SLUICE_KUBECONFIG = cluster.kubeconfigFile;
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
    await prepareForTests();
    const { runJest } = await import('./lib/jest.mjs');
    const { closeWith } = await import('./lib/counts.mjs');
    const specs = filesUnder(['test/conformance'], (file) => file.endsWith('.spec.ts'));
    if (specs.length === 0) say('there is no suite in test/conformance');
    process.on('SIGINT', () => {});
    const { env, stop } = await bringPeers();
    try {
      const args = [
        '--config',
        'jest.config.mjs',
        '--runInBand',
        '--testPathIgnorePatterns',
        '/node_modules/',
        '--runTestsByPath',
        ...specs,
      ];
      const counts = await withTestDatabase((databaseEnv) =>
        runJest([...args, ...process.argv.slice(2)], { ...env, ...databaseEnv }),
      );
      return closeWith('npm run test:conformance', counts);
    } finally {
      await stop();
    }
  });
}
