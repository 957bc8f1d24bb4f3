// npm run test:browser [-- <Jest arguments>]: the dashboard in a real Chromium (CHROMIUM_PATH names it for the suites).
// Without a Chromium it is skipped with a line that says so; with CI=true that is a failure.
import { findChromium } from './lib/chromium.mjs';
import { closeWith } from './lib/counts.mjs';
import { filesUnder } from './lib/hashing.mjs';
import { isMain } from './lib/paths.mjs';
import { ToolError, main, say } from './lib/say.mjs';
import { prepareForTests, withTestDatabase } from './test.mjs';

const SUITE = 'npm run test:browser';
const MISSING = 'no Chromium was found: install one (on Debian: apt-get install chromium) or name it by CHROMIUM_PATH';

if (isMain(import.meta)) {
  await main(async () => {
    const specs = filesUnder(['test/browser'], (file) => file.endsWith('.spec.ts'));
    const chromium = findChromium();
    if (chromium === undefined) {
      if (process.env.CI === 'true') throw new ToolError(MISSING);
      say(`SKIPPED: ${MISSING}`);
      return closeWith(SUITE, { passed: 0, failed: 0, skipped: specs.length }, { mayBeEmpty: true });
    }
    await prepareForTests({ built: true });
    const { runSpecs } = await import('./lib/jest.mjs');
    process.on('SIGINT', () => {});
    const counts = await withTestDatabase((env) =>
      runSpecs(specs, process.argv.slice(2), { ...env, CHROMIUM_PATH: chromium }),
    );
    return closeWith(SUITE, counts);
  });
}
