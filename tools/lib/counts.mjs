// The closing line of every suite, and the file in which CI adds them up.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { say } from './say.mjs';

/**
 * Prints `N passed, N failed[, N skipped]` as the last line and gives the exit code: 0 when something passed and nothing
 * failed. In CI (SLUICE_COUNTS_FILE names a file) the counts are also kept there, one JSON line per suite.
 */
export function closeWith(suite, { passed, failed, skipped = 0 }, { mayBeEmpty = false } = {}) {
  const file = process.env.SLUICE_COUNTS_FILE;
  if (file) appendFileSync(file, `${JSON.stringify({ suite, passed, failed, skipped })}\n`);
  if (passed + failed === 0 && !mayBeEmpty) say(`${suite}: no test was run, which counts as a failure`);
  say(closingLine({ passed, failed, skipped }));
  return failed > 0 || (passed === 0 && !mayBeEmpty) ? 1 : 0;
}

export const closingLine = ({ passed, failed, skipped = 0 }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** What the suites of this CI run have counted so far: `{ suite, passed, failed, skipped }` each. */
export function readCounts(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

export const sumCounts = (all) =>
  all.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
