import { sleep } from '../../../tools/lib/processes.mjs';
import { step } from '../../../tools/lib/say.mjs';
import { atMost } from '../lib/report.mjs';
import { startPair } from './installation.mjs';
import { watch } from './replicas.mjs';

/** After the start: what is read once has been read, what was made once has been collected. */
const SETTLE_MS = 20_000;
const MOST_PER_SECOND = 20;
const FLAT = 1.25;
const KINDS = { owner: 'owns 1 gateway', idler: 'owns none' };

/** Two replicas in the full installation and two in the empty one, at the same time. */
export function judgeReplicas(report, name, { installation, urls }, windowMs) {
  return step(`replicas: ${name}`, async () => {
    const replicas = [];
    for (const [kind, databaseUrl] of Object.entries(urls)) {
      const pair = await startPair(installation, kind, databaseUrl);
      for (const [what, replica] of Object.entries(pair)) replicas.push({ ...replica, name: `${kind} ${what}` });
    }
    await sleep(SETTLE_MS);
    const costs = await watch(replicas, windowMs);
    await Promise.all(replicas.map((replica) => replica.stop()));
    report.raw(name, costs);
    for (const [what, words] of Object.entries(KINDS))
      conclude(report, `${name}, ${words}`, costs[`full ${what}`], costs[`empty ${what}`]);
  });
}

function conclude(report, scenario, full, empty) {
  const flat = (what, of) => report.figure(scenario, `${what} ÷ empty`, of(full) / of(empty), atMost(FLAT));
  report.figure(scenario, 'statements per second', full.perSecond, atMost(MOST_PER_SECOND));
  flat('statements', (one) => one.perSecond);
  report.figure(scenario, 'CPU, ms per s', full.cpuMsPerSecond);
  flat('CPU', (one) => one.cpuMsPerSecond);
  report.figure(scenario, 'RSS, MB', full.rssMb);
  flat('RSS', (one) => one.rssMb);
  report.figure(scenario, 'PostgreSQL, ms per s', full.postgresMsPerSecond);
}
