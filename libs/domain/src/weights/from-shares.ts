import { InvalidInput, type FieldIssue } from '../errors.js';
import { apportion } from './apportion.js';
import type { Permille, Weights } from './types.js';
import { maxTargetGroups } from './validate.js';

export interface ShareOfOurs {
  readonly targetGroupArn: string;
  /** Integer 0–1000 of what the pinned target groups leave. */
  readonly permille: Permille;
}

export interface PinnedShare {
  readonly targetGroupArn: string;
  /** The share of all requests it has now and keeps; 0 to below 1000, not necessarily an integer. */
  readonly sharePermille: number;
}

/**
 * The weights of one forward action: ours split what the pinned target groups leave. Exact where integers 0–999 allow
 * it (90/10 is 90, 10), the largest remainder otherwise (see `apportion`). A share above 0 never becomes weight 0.
 * @throws InvalidInput naming every field that is wrong.
 */
export function weightsFromShares(parts: readonly ShareOfOurs[], pinned: readonly PinnedShare[] = []): Weights {
  const issues = shareIssues(parts, pinned);
  if (issues.length > 0) throw new InvalidInput(issues);
  const left = 1000 - totalOf(pinned);
  return apportion([
    ...parts.map((part) => ({ targetGroupArn: part.targetGroupArn, share: (part.permille * left) / 1000 })),
    ...pinned.map((one) => ({ targetGroupArn: one.targetGroupArn, share: one.sharePermille })),
  ]);
}

/** What `weightsFromShares` would refuse; empty when nothing. */
export function shareIssues(parts: readonly ShareOfOurs[], pinned: readonly PinnedShare[]): FieldIssue[] {
  const issues: FieldIssue[] = [];
  parts.forEach((part, i) => {
    if (Number.isInteger(part.permille) && part.permille >= 0 && part.permille <= 1000) return;
    issues.push({
      field: `parts.${i}.permille`,
      message: `must be an integer from 0 to 1000 tenths of a percent, is ${part.permille}`,
    });
  });
  pinned.forEach((one, i) => {
    if (one.sharePermille >= 0 && one.sharePermille <= 1000) return;
    issues.push({
      field: `pinned.${i}.sharePermille`,
      message: `must be from 0 to 1000 tenths of a percent, is ${one.sharePermille}`,
    });
  });
  const sum = parts.reduce((total, part) => total + part.permille, 0);
  if (issues.length === 0 && sum !== 1000) {
    issues.push({ field: 'parts', message: `shares must sum to 1000 tenths of a percent, they sum to ${sum}` });
  }
  if (issues.length === 0 && totalOf(pinned) > 999.999) {
    issues.push({
      field: 'pinned',
      message: 'the pinned target groups have all requests and leave nothing to split; unpin one, or lower its weight',
    });
  }
  return [...issues, ...groupIssues(parts, pinned)];
}

function groupIssues(parts: readonly ShareOfOurs[], pinned: readonly PinnedShare[]): FieldIssue[] {
  const issues: FieldIssue[] = [];
  const seen = new Set<string>();
  const named = [
    ...parts.map((part, i) => ({ field: `parts.${i}.targetGroupArn`, arn: part.targetGroupArn })),
    ...pinned.map((one, i) => ({ field: `pinned.${i}.targetGroupArn`, arn: one.targetGroupArn })),
  ];
  for (const { field, arn } of named) {
    if (arn === '') issues.push({ field, message: 'must be the ARN of a target group' });
    else if (seen.has(arn))
      issues.push({ field, message: `target group ${arn} is listed twice; each may be in an action once` });
    seen.add(arn);
  }
  if (named.length > maxTargetGroups) {
    issues.push({
      field: 'parts',
      message: `a forward action takes at most ${maxTargetGroups} target groups; these are ${named.length}, of which ${pinned.length} pinned`,
    });
  }
  return issues;
}

function totalOf(pinned: readonly PinnedShare[]): number {
  return pinned.reduce((total, one) => total + one.sharePermille, 0);
}
