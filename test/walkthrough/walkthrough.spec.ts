import { describe } from '@jest/globals';
import { walkthroughScenario } from './scenario.js';

describe('the walkthrough, from red to black over real HTTP', () => {
  walkthroughScenario({ assets: null, holdMs: 6_000 });
});
