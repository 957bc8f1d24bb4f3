/** Tenths of a percent as percent, with a decimal only where there is one: `50 %`, `33.3 %`. */
export function percentText(permille: number): string {
  return `${Math.round(permille) / 10} %`;
}

/** `1 target`, `2 targets`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The name at the end of a target group's ARN. */
export function targetGroupName(arn: string): string {
  return arn.split('/').at(-2) ?? arn;
}

/** `StepIsHolding` → `Step is holding`. */
export function reasonWords(reason: string): string {
  const words = reason.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Who did it, for people: `token:first` → `first (token)`, `engine:rollout` → `Sluice (rollout)`. */
export function actorText(actor: string): string {
  const [kind, ...rest] = actor.split(':');
  const name = rest.join(':');
  if (kind === 'engine') return `Sluice (${name})`;
  return name === '' ? actor : `${name} (${kind})`;
}
