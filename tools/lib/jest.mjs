// Jest with what our suites need, and its counts.
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';
import { run } from './processes.mjs';

/**
 * Runs Jest over the native ESM sources.
 * @returns `{ passed, failed, skipped }`; a suite that could not even be loaded counts as one failure.
 */
export async function runJest(args, env = {}) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-jest-'));
  const report = path.join(dir, 'report.json');
  try {
    const code = await run(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        inRoot('node_modules/jest/bin/jest.js'),
        ...args,
        '--json',
        `--outputFile=${report}`,
      ],
      // Jest's report goes to the file and would also be printed: only its own progress (stderr) is for people
      { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const counts = existsSync(report)
      ? countsOf(JSON.parse(readFileSync(report, 'utf8')))
      : { passed: 0, failed: 1, skipped: 0 };
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs suites that `npm test` leaves out, one after the other; names without a dash in `extra` choose among them. */
export function runSpecs(specs, extra, env) {
  const names = extra.filter((argument) => !argument.startsWith('-'));
  const flags = extra.filter((argument) => argument.startsWith('-'));
  const chosen = specs.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  if (chosen.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  // the configured ignore patterns would leave them out
  return runJest(
    ['--runInBand', '--testPathIgnorePatterns', '/node_modules/', ...flags, '--runTestsByPath', ...chosen],
    env,
  );
}

function countsOf(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
