/**
 * Asks again until there is an answer other than null, or fails with what was waited for.
 * Times in milliseconds; 10 s and 25 ms unless set.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null>,
  limits: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 10_000, everyMs = 25 } = limits;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
