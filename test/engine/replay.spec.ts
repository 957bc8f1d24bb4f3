import { describe, expect, it } from '@jest/globals';
import { replayed } from '../replayed.js';
import { EngineWorld, eventually, operator } from './harness.js';

describe('the ledger of a rollout', () => {
  it('replays, and a line that was changed since is found: at the end of every scenario', async () => {
    const world = await EngineWorld.start();
    await world.replica('a');
    const id = await world.startRollout();
    await eventually('the end', async () => (await world.rollouts.get(operator, id)).state === 'Succeeded');
    await world.rollouts.verb(operator, id, 'rollback', { reason: 'all the way' });
    await eventually('the way back', async () => (await world.rollouts.get(operator, id)).state === 'RolledBack');
    // three steps and the end; the word; and that it is back
    expect(await replayed(world.pool)).toEqual({ same: 6, broken: [] });
    await world.pool.query(`UPDATE decisions SET message = 'somebody else did it' WHERE kind = 'finish'`);
    await expect(world.stop()).rejects.toThrow(
      /doesn't replay: its message is "somebody else did it", and would be "All 3 steps/,
    );
  });
});
