import { expect, it } from '@jest/globals';
import { standingText } from './progress.mjs';

const verified = { stepIndex: 1, verifiedAt: '2026-11-25T12:00:00Z', write: null };
const written = (state: string, reason: string | null = null) => ({
  stepIndex: 0,
  verifiedAt: null,
  write: { state, reason },
});

it('says in one line how many routes are written, on their way and waiting, and what most of them wait for', () => {
  const routes = [
    ...Array.from({ length: 5 }, () => verified),
    written('sent'),
    written('failed', 'AccessDenied'),
    written('pending'),
    written('pending'),
    written('pending', 'WaitingForHealthyTargets'),
  ];
  expect(standingText({ routes, stepIndex: 1 })).toBe(
    '5/10 verified, 1 being written, 3 waiting (2 for their turn, 1 WaitingForHealthyTargets), 1 failed',
  );
});

it('leaves out what there is none of', () => {
  expect(standingText({ routes: [verified], stepIndex: 1 }).trim()).toBe('1/1 verified');
});
