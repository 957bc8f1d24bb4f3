const units = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const;

/** A duration for a sentence: `3 seconds`, `1 minute 30 seconds`, `400 milliseconds`. Rounded up to whole seconds from one second on. */
export function durationText(durationMs: number): string {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < 1_000) return counted(ms, 'millisecond');
  let rest = Math.ceil(ms / 1_000) * 1_000;
  const words: string[] = [];
  for (const unit of units) {
    const count = Math.floor(rest / unit.ms);
    if (count > 0) words.push(counted(count, unit.name));
    rest -= count * unit.ms;
  }
  return words.slice(0, 2).join(' ');
}

/** `1 target`, `2 targets`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** More words than this are not read at night; then the first few stand for them. */
const mostWords = 6;
const firstFew = 3;

/** `a`, `a and b`, `a, b and c`; of more than six the first three and how many more: `a, b, c and 97 more`. */
export function listed(words: readonly string[]): string {
  if (words.length > mostWords) return `${words.slice(0, firstFew).join(', ')} and ${words.length - firstFew} more`;
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
