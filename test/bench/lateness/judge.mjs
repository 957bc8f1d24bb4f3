import { atLeast, atMost, exactly } from '../lib/report.mjs';
import { median, percentile, sum } from '../lib/stats.mjs';

const GOALS = { ratio: 0.75, statements: 20, walBytes: 8_192, reads: 2 };
/** A rate that is asked for is sustained within this. */
const RATE_PART = 0.98;

/** Figures of all runs, each by itself, then side by side: `runs` in the order in which they were done. */
export function judge(report, runs, { rate }) {
  for (const [index, run] of runs.entries()) reportRun(report, `${index + 1}: ${run.kind}`, run, rate);
  const lateOf = (kind) => runs.filter((run) => run.kind === kind).flatMap((run) => run.lateMs);
  const [ours, theirs] = [lateOf('sluice'), lateOf('graphile')].map((late) => percentile(late, 0.99));
  report.figure('all', 'p99 late, Sluice ÷ graphile-worker', ours / theirs, atMost(GOALS.ratio));
}

function reportRun(report, name, run, rate) {
  report.raw(name, run);
  report.figure(name, 'late p50, ms', median(run.lateMs));
  report.figure(name, 'late p99, ms', percentile(run.lateMs, 0.99));
  report.figure(name, 'late max, ms', Math.max(...run.lateMs));
  report.figure(name, 'early', run.early, exactly(0));
  if (run.kind === 'sluice') reportSteps(report, name, run, rate);
}

function reportSteps(report, name, run, rate) {
  report.figure(name, 'steps', run.steps, exactly(run.expected));
  report.figure(name, 'steps/s', run.ratePerSecond, atLeast(RATE_PART * rate));
  report.figure(name, 'statements a step', run.statements / run.steps, atMost(GOALS.statements));
  report.figure(name, 'WAL a step, bytes', run.walBytes / run.steps, atMost(GOALS.walBytes));
  report.figure(name, '  of it pages after a checkpoint', (run.fullPageImages * 8_192) / run.steps);
  report.figure(name, 'AWS reads from due to Modify', run.readsPerStep, atMost(GOALS.reads));
  report.figure(name, 'AWS reads/s of all gateways', run.looksPerSecond);
  report.figure(name, 'SQL time a step, ms', sum(run.byStatement.map((one) => one.totalMs)) / run.steps);
}
