// npm run bench -- aws [--routes 1,10,50,100] [--parts upgrade,together,ill,rollback] [--speed 1] [--hold-ms 60000]
//   [--many 100] [--trials 20]
// What rollouts cost an AWS account with its documented token buckets on, counted by the sandbox's own log.
import { ToolError, main, step } from '../../tools/lib/say.mjs';
import { illRoute } from './aws/ill-route.mjs';
import { paceOf } from './aws/pace.mjs';
import { rollback } from './aws/rollback.mjs';
import { together } from './aws/together.mjs';
import { upgrade } from './aws/upgrade.mjs';
import { beginReport } from './lib/report.mjs';

const { report, values } = beginReport('aws', {
  routes: { type: 'string', default: '1,10,50,100' },
  parts: { type: 'string', default: 'upgrade,together,ill,rollback' },
  speed: { type: 'string', default: '1' },
  'hold-ms': { type: 'string' },
  many: { type: 'string', default: '100' },
  trials: { type: 'string', default: '20' },
});

await main(async () => {
  const pace = paceOf(Number(values.speed), values['hold-ms'] && Number(values['hold-ms']));
  const many = Number(values.many);
  const parts = {
    upgrade: async () => {
      for (const count of values.routes.split(',').map(Number))
        await step(`one rollout over ${count} routes`, () => upgrade(report, count, pace));
    },
    together: () => together(report, many, pace),
    ill: () => illRoute(report, many, pace),
    rollback: () => rollback(report, many, pace, Number(values.trials)),
  };
  for (const part of values.parts.split(',')) {
    if (!Object.hasOwn(parts, part))
      throw new ToolError(`--parts: ${part} is not one of ${Object.keys(parts).join(', ')}`);
    await step(part, parts[part]);
  }
  return report.end();
});
