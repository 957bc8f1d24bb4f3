import { describe, it, expect } from '@jest/globals';
import { largestRemainder, roundToSum } from './integers.js';

describe('the largest remainder', () => {
  it.each([
    ['rounds up where most is left over', largestRemainder([0.26, 0.74], 10), [3, 7]],
    ['gives the smallest its one at the cost of the largest', largestRemainder([0.001, 0.999], 10), [1, 9]],
    ['gives nothing to nothing', largestRemainder([0, 1], 10), [0, 10]],
    ['gives more than one where more is needed', largestRemainder([0.1, 0.9], 10, (i) => (i === 0 ? 4 : 1)), [4, 6]],
    ['ends where there is nothing to give', largestRemainder([0.5, 0.5], 0), [0, 0]],
    ['favours the earlier of equals', roundToSum([0.5, 0.5], 1), [1, 0]],
  ])('%s', (_sentence, actual, expected) => {
    expect(actual).toEqual(expected);
  });
});
