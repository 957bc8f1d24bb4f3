// Adds up what the suites of one CI run have counted (lib/counts.mjs): a line per suite, and `N passed, N failed` last.
// Exit code 0 only when something passed and nothing failed. With --failed it prints the number of failures so far.
import { closingLine, readCounts, sumCounts } from './lib/counts.mjs';
import { main, say } from './lib/say.mjs';

await main(() => {
  const onlyFailed = process.argv.includes('--failed');
  const suites = readCounts(process.argv.at(-1));
  const { passed, failed, skipped } = sumCounts(suites);
  if (onlyFailed) {
    say(String(failed));
    return 0;
  }
  for (const suite of suites) say(`${suite.suite}: ${closingLine(suite)}`);
  if (skipped > 0) say(`${skipped} tests were skipped; each says why above`);
  say(closingLine({ passed, failed }));
  return failed > 0 || passed === 0 ? 1 : 0;
});
