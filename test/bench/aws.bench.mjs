// npm run bench -- aws [--routes 1,10,50,100] [--speed 1] [--parts upgrade,together,ill,rollback] [--trials 20]
// What rollouts cost an AWS account with its documented token buckets on, counted by the sandbox's own log.
import { main, step } from '../../tools/lib/say.mjs';
import { paceOf } from './aws/pace.mjs';
import { upgrade } from './aws/upgrade.mjs';
import { beginReport } from './lib/report.mjs';

const { report, values } = beginReport('aws', {
  routes: { type: 'string', default: '1,10,50,100' },
  speed: { type: 'string', default: '1' },
  'hold-ms': { type: 'string' },
});

await main(async () => {
  const pace = paceOf(Number(values.speed), values['hold-ms'] && Number(values['hold-ms']));
  for (const count of values.routes.split(',').map(Number))
    await step(`one rollout over ${count} routes`, () => upgrade(report, count, pace));
  return report.end();
});
