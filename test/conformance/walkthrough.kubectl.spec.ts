import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { operatorsView } from '../by-hand/operator.js';
import { programs } from '../by-hand/programs.js';
import { Stack } from '../e2e/stack.js';

describe("a sandbox's clusters after Sluice has set an upgrade up", () => {
  if (programs.kubectl === null) {
    it.skip('is left out: no kubectl (npm run test:conformance brings it)', () => undefined);
    return;
  }
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({ assets: null });
    await stack.upgrade(await stack.replica());
  }, 240_000);
  afterAll(() => stack.stop(), 60_000);

  operatorsView(() => stack);
});
