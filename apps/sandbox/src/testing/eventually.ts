import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is as wanted and gives it back; after the deadline it fails with the last answer. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  wanted: (answer: T) => boolean,
  deadlineMs = 10_000,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > endMs)
      throw new Error(`Not so within ${deadlineMs} ms; the last answer was ${JSON.stringify(answer)}`);
    await sleep(20);
  }
}
