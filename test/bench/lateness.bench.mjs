// npm run bench -- lateness [--rollouts 3000] [--gateways 100] [--rate 33] [--parts lateness,most,profile]
//   [--order sluice,graphile,graphile,sluice] [--seconds 60]
// How late the Modify of a step reaches AWS after the end of its hold, beside how late graphile-worker begins an empty job
// on the same PostgreSQL, and what a step costs Postgres and AWS.
import { ToolError, main, step } from '../../tools/lib/say.mjs';
import { graphileRun } from './lateness/graphile-run.mjs';
import { judge } from './lateness/judge.mjs';
import { mostSteps } from './lateness/most-steps.mjs';
import { withRollouts } from './lateness/prepared.mjs';
import { profile } from './lateness/profile.mjs';
import { sluiceRun } from './lateness/sluice-run.mjs';
import { beginReport } from './lib/report.mjs';

const { report, values } = beginReport('lateness', {
  rollouts: { type: 'string', default: '3000' },
  gateways: { type: 'string', default: '100' },
  rate: { type: 'string', default: '33' },
  parts: { type: 'string', default: 'lateness,most,profile' },
  order: { type: 'string', default: 'sluice,graphile,graphile,sluice' },
  seconds: { type: 'string', default: '60' },
});

await main(async () => {
  const size = { rollouts: Number(values.rollouts), gateways: Number(values.gateways), rate: Number(values.rate) };
  const seconds = Number(values.seconds);
  await withRollouts(size, async (made) => {
    const runs = { sluice: () => sluiceRun(made, size), graphile: () => graphileRun(made, size) };
    const parts = {
      lateness: async () => {
        const done = [];
        for (const kind of names(values.order, runs, '--order'))
          done.push({ kind, ...(await step(`${kind}, run ${done.length + 1}`, runs[kind])) });
        judge(report, done, size);
      },
      most: () => mostSteps(report, made, { seconds }),
      profile: () => profile(report, made, { seconds: Math.min(30, seconds) }),
    };
    for (const part of names(values.parts, parts, '--parts')) await step(part, parts[part]);
  });
  return report.end();
});

function names(list, known, option) {
  for (const name of list.split(','))
    if (!Object.hasOwn(known, name))
      throw new ToolError(`${option}: ${name} is not one of ${Object.keys(known).join(', ')}`);
  return list.split(',');
}
