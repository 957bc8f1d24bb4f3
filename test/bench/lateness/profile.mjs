// What Sluice's process does while it does all that it can: self time by package.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { busy } from './most-steps.mjs';

const SHOWN = 12;

export async function profile(report, made, { seconds }) {
  const { installation } = made;
  const dir = path.join(installation.dir, 'profile');
  await installation.stopApi();
  await installation.startApi(['--cpu-prof', `--cpu-prof-dir=${dir}`]);
  const { ratePerSecond } = await busy(made, seconds);
  await installation.stopApi();
  const [file] = readdirSync(dir).filter((name) => name.endsWith('.cpuprofile'));
  const byPackage = selfTimeByPackage(JSON.parse(readFileSync(path.join(dir, file), 'utf8')));
  await installation.startApi();
  report.raw('profile', { ratePerSecond, byPackage });
  for (const [name, part] of byPackage.slice(0, SHOWN)) report.figure('profile', name, `${(100 * part).toFixed(1)} %`);
}

/** `[[package, part of the time that isn't idle]]`, most first. */
function selfTimeByPackage({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, packageOf(node.callFrame)]));
  const times = new Map();
  for (const [index, id] of samples.entries())
    times.set(byId.get(id), (times.get(byId.get(id)) ?? 0) + timeDeltas[index]);
  times.delete('(idle)');
  const busyTime = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([name, time]) => [name, time / busyTime]).sort(([, a], [, b]) => b - a);
}

function packageOf({ url, functionName }) {
  const inModules = url.lastIndexOf('/node_modules/');
  if (inModules >= 0) {
    const [first, second] = url.slice(inModules + '/node_modules/'.length).split('/');
    return first.startsWith('@') ? `${first}/${second}` : first;
  }
  const own = /\/(libs|apps)\/([^/]+)\//.exec(url);
  if (own) return `${own[1]}/${own[2]}`;
  if (url.startsWith('node:')) return url;
  return functionName.startsWith('(') ? functionName : `built in: ${functionName}`;
}
