// What the tools print: one plain line per event, no colours or cursor movement, so that logs stay readable.

export const say = (line) => process.stdout.write(`${line}\n`);

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

const QUIET_MS = 8_000;

/**
 * Runs one named step: says when it starts, that it is still going whenever nothing was said for a while, and how long
 * it took. `work` may return a short string, which is shown behind the time.
 */
export async function step(name, work) {
  const started = performance.now();
  say(`• ${name} …`);
  const stillGoing = setInterval(() => say(`  … still: ${name} (${seconds(performance.now() - started)})`), QUIET_MS);
  try {
    const result = await work();
    const note = typeof result === 'string' ? ` (${result})` : '';
    say(`  done: ${name} in ${seconds(performance.now() - started)}${note}`);
    return result;
  } finally {
    clearInterval(stillGoing);
  }
}

/** An expected failure of a tool: its message is all that the reader needs, a stack would only hide it. */
export class ToolError extends Error {
  name = 'ToolError';
}

/** Runs a program's main function: exit code from its result (a number), expected failures as one message. */
export async function main(work) {
  try {
    const code = await work();
    process.exitCode = typeof code === 'number' ? code : (process.exitCode ?? 0);
  } catch (error) {
    process.stderr.write(`${error instanceof ToolError ? `error: ${error.message}` : (error?.stack ?? error)}\n`);
    process.exitCode = 1;
  }
}
