// npm run bench -- [NAMES] [--check] [--json FILE] [options of the bench]: the measurements in test/bench (`*.bench.mjs`,
// each a program of its own that prints its table with the goal beside each figure), one after the other so that they do
// not disturb each other. With --check a missed goal is exit code 1.
import path from 'node:path';
import { filesUnder } from './lib/hashing.mjs';
import { isMain, root } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';
import { ToolError, main, say, step } from './lib/say.mjs';

const SUFFIX = '.bench.mjs';

if (isMain(import.meta)) {
  await main(async () => {
    const args = process.argv.slice(2);
    const firstOption = args.findIndex((arg) => arg.startsWith('-'));
    const names = firstOption < 0 ? args : args.slice(0, firstOption);
    const options = args.slice(names.length);
    const all = filesUnder(['test/bench'], (file) => file.endsWith(SUFFIX));
    const nameOf = (file) => path.basename(file, SUFFIX);
    const strange = names.filter((name) => !all.some((file) => nameOf(file) === name));
    if (strange.length > 0)
      throw new ToolError(`no bench is called ${strange.join(', ')}; there are ${all.map(nameOf).join(', ')}`);
    const cases = names.length === 0 ? all : all.filter((file) => names.includes(nameOf(file)));
    if (cases.length > 1 && options.includes('--json'))
      throw new ToolError('--json keeps the runs of one bench: name it');
    const { build } = await import('./build.mjs');
    await build();
    let failed = 0;
    for (const file of cases) {
      await step(nameOf(file), async () => {
        if ((await run(process.execPath, [path.join(root, file), ...options], { cwd: root })) !== 0) failed++;
      });
    }
    say(failed > 0 ? `${failed} of ${cases.length} benches failed` : `${cases.length} benches ran`);
    return failed > 0 ? 1 : 0;
  });
}
