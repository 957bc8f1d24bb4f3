// npm run bench [-- <names>]: the measurements in test/bench (`*.bench.mjs`, each a program of its own that prints its
// findings), one after the other so that they do not disturb each other.
import path from 'node:path';
import { filesUnder } from './lib/hashing.mjs';
import { isMain, root } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';
import { main, say, step } from './lib/say.mjs';

if (isMain(import.meta)) {
  await main(async () => {
    const names = process.argv.slice(2);
    const all = filesUnder(['test/bench'], (file) => file.endsWith('.bench.mjs'));
    const cases = all.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
    if (cases.length === 0)
      say(
        all.length === 0
          ? 'there are no bench cases yet (test/bench/*.bench.mjs)'
          : `no case is called ${names.join(', ')}; there are ${all.join(', ')}`,
      );
    let failed = 0;
    for (const file of cases) {
      await step(path.basename(file), async () => {
        if ((await run(process.execPath, [path.join(root, file)], { cwd: root })) !== 0) failed++;
      });
    }
    return failed > 0 || (cases.length === 0 && all.length > 0) ? 1 : 0;
  });
}
