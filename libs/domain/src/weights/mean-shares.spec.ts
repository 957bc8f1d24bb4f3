import { expect, it } from '@jest/globals';
import { meanShares } from './mean-shares.js';

const route = (name: string, blue: number, green: number) => ({
  backends: [
    { name: 'blue', targetGroupArn: `${name}-b` },
    { name: 'green', targetGroupArn: `${name}-g` },
  ],
  weights: [
    { targetGroupArn: `${name}-b`, weight: blue },
    { targetGroupArn: `${name}-g`, weight: green },
  ],
});

it('counts every route the same, whatever its weights sum to', () => {
  expect(meanShares([route('a', 100, 0), route('b', 1, 1), route('c', 300, 100)])).toEqual({ blue: 750, green: 250 });
});

it('takes a backend that a route lacks for 0 there', () => {
  const other = { backends: [{ name: 'red', targetGroupArn: 'r' }], weights: [{ targetGroupArn: 'r', weight: 5 }] };
  expect(meanShares([route('a', 0, 7), other])).toEqual({ blue: 0, green: 500, red: 500 });
});

it('is nothing of nothing', () => {
  expect(meanShares([])).toEqual({});
});
