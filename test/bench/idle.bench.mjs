// npm run bench -- idle [--scheduled 0,10000,100000] [--decisions 1000000] [--window-s 120] [--parts scheduled,held,lists]
// What a replica costs that has nothing to do, in an installation whose tables are full, beside one in an empty one.
import { ToolError, main, step } from '../../tools/lib/say.mjs';
import { idleInstallation } from './idle/installation.mjs';
import { judgePlans } from './idle/judge-plans.mjs';
import { judgeReplicas } from './idle/judge-replicas.mjs';
import { beginReport } from './lib/report.mjs';

const PARTS = ['scheduled', 'held', 'lists'];
const { report, values } = beginReport('idle', {
  scheduled: { type: 'string', default: '0,10000,100000' },
  decisions: { type: 'string', default: '1000000' },
  'window-s': { type: 'string', default: '120' },
  parts: { type: 'string', default: PARTS.join(',') },
});

await main(async () => {
  const sizes = values.scheduled.split(',').map(Number);
  const decisions = Number(values.decisions);
  const windowMs = 1000 * Number(values['window-s']);
  const parts = values.parts.split(',');
  for (const part of parts)
    if (!PARTS.includes(part)) throw new ToolError(`--parts: ${part} is not one of ${PARTS.join(', ')}`);
  const most = Math.max(...sizes);
  const idle = await idleInstallation({ routes: Math.max(most, 2_000) });
  try {
    await step(`${decisions} decisions`, () => idle.filling.history({ decisions }));
    let there = 0;
    for (const size of sizes) {
      await step(`${size} scheduled rollouts`, () => idle.filling.scheduled({ from: there, to: size }));
      there = size;
      if (parts.includes('scheduled')) await judgeReplicas(report, `${size} scheduled`, idle, windowMs);
    }
    if (parts.includes('lists')) await step('lists', () => judgePlans(report, `${most} scheduled`, idle, windowMs));
    if (parts.includes('held')) {
      await step(`${most} rollouts held elsewhere`, () => idle.filling.held({ to: most }));
      await judgeReplicas(report, `${most} held elsewhere`, idle, windowMs);
      if (parts.includes('lists'))
        await step('lists', () => judgePlans(report, `${most} held elsewhere`, idle, windowMs));
    }
  } finally {
    await idle.stop();
  }
  return report.end();
});
