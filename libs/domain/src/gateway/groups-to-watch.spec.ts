import { describe, it, expect } from '@jest/globals';
import { black, red, redBlack } from '../testing/builders.js';
import { groupsToWatch, type RouteInRollout } from './groups-to-watch.js';

const shares = (ofRed: number, ofBlack: number) => ({ red: ofRed, black: ofBlack });

/** In the middle of 90/10, 50/50, 0/100, with 90/10 live and 50/50 to be written. */
function route(change: Partial<RouteInRollout> = {}): RouteInRollout {
  return {
    isGoingBack: false,
    backends: [
      { name: 'red', targetGroupArn: red },
      { name: 'black', targetGroupArn: black },
    ],
    baseline: redBlack(100, 0),
    expected: redBlack(90, 10),
    before: shares(900, 100),
    current: shares(500, 500),
    next: shares(0, 1000),
    ...change,
  };
}

const watched = (change: Partial<RouteInRollout>) =>
  Object.fromEntries(groupsToWatch(route(change)).map((one) => [one.targetGroupArn === red ? 'red' : 'black', one.as]));

describe('whose health a rollout has looked at', () => {
  it.each<[string, Partial<RouteInRollout>, object]>([
    ['who gets more now is raised, who gives is a donor', {}, { red: 'donor', black: 'raised' }],
    ['still, once the step is written and held', { expected: redBlack(50, 50) }, { red: 'donor', black: 'raised' }],
    [
      'before the first step the next one counts',
      { expected: redBlack(100, 0), before: null, current: null, next: shares(900, 100) },
      { red: 'donor', black: 'raised' },
    ],
    [
      'in the last step who gave everything is left alone',
      { before: shares(500, 500), current: shares(0, 1000), next: null, expected: redBlack(0, 100) },
      { black: 'raised' },
    ],
    [
      'in the first step what it raises over the baseline',
      { before: null, current: shares(900, 100), next: shares(900, 100), expected: redBlack(90, 10) },
      { red: 'donor', black: 'raised' },
    ],
    [
      'a step that changes nothing raises nobody',
      { before: shares(500, 500), current: shares(500, 500), next: shares(500, 500), expected: redBlack(50, 50) },
      { red: 'donor', black: 'donor' },
    ],
    [
      'a person who adopted less than the step wants makes it raised again',
      { before: shares(500, 500), current: shares(500, 500), next: null, expected: redBlack(90, 10) },
      { red: 'donor', black: 'raised' },
    ],
    ['going back, those that had a share', { isGoingBack: true }, { red: 'raised', black: 'donor' }],
    [
      'weights that can only come close to a share are no raise',
      { before: shares(333, 667), current: shares(333, 667), next: null, expected: redBlack(1, 2) },
      { red: 'donor', black: 'donor' },
    ],
  ])('%s', (_sentence, change, expected) => {
    expect(watched(change)).toEqual(expected);
  });

  it('a backend without any share, now or next, is left alone', () => {
    const backends = [...route().backends, { name: 'constructor', targetGroupArn: 'arn:idle' }];
    expect(groupsToWatch(route({ backends })).map((one) => one.targetGroupArn)).toEqual([red, black]);
  });
});
