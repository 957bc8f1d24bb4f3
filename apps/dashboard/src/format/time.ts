const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const clockShort = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' });
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });

export const clockText = (ms: number): string => clock.format(ms);
export const clockShortText = (ms: number): string => clockShort.format(ms);
export const dayText = (ms: number): string => day.format(ms);
export const fullTimeText = (ms: number): string => full.format(ms);
/** `CET`, `UTC`: what this browser's clock shows. */
export const zoneText = (ms: number): string =>
  zone.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? '';

/** `14:03:21`, with the day where it isn't today. */
export function whenText(ms: number, nowMs: number): string {
  return dayText(ms) === dayText(nowMs) ? clockText(ms) : `${dayText(ms)} ${clockText(ms)}`;
}

/** A countdown: `0:08`, `12:40`, `3:05:00`, `2 d 3:05:00`. Rounded up, so that it reaches 0 when it is over. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const parts = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours = 0, ...rest] = parts;
  const days = Math.floor(seconds / 86_400);
  const shown = hours > 0 || days > 0 ? [hours, ...rest] : rest;
  const text = shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
  return days > 0 ? `${days} d ${text}` : text;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `8 s`, `10 min`, `1 h 30 min`: the two largest units. */
export function durationText(ms: number): string {
  if (ms > 0 && ms < 1_000) return `${Math.round(ms)} ms`;
  let rest = Math.round(ms / 1_000) * 1_000;
  const words: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) words.push(`${count} ${name}`);
    rest -= count * size;
  }
  return words.length === 0 ? '0 s' : words.slice(0, 2).join(' ');
}
