import { describe, expect, it } from '@jest/globals';
import { disagreements, type IntentRow, type Logs } from './agreement.js';
import type { Attempt } from './journal.js';

const at = (ms: number) => new Date(Date.UTC(2026, 10, 25) + ms);
const split = (percent: number) => [
  { targetGroupArn: 'black', weight: percent },
  { targetGroupArn: 'red', weight: 100 - percent },
];

/** Two steps: 10 %, and after a hold of 1 s everything. Each was marked and 20 ms later sent, and settled after 50. */
function step(index: number, percent: number, sentAt: number, epoch: string) {
  const intent: IntentRow = {
    ...{ id: `int_${String(index)}`, rollout_id: 'rol_1', state: 'applied', step_index: index, purpose: 'step' },
    ...{ after: split(percent), sent_at: at(sentAt), settled_at: at(sentAt + 50), decision_state: 'applied' },
  };
  const attempt: Attempt = {
    ...{ intent_id: intent.id, route_id: 'rte_1', epoch, after: intent.after },
    ...{ sent_at: at(sentAt), deadline_at: at(sentAt + 1_000) },
  };
  const weights = { black: percent, red: 100 - percent };
  const write = { arrivedMs: at(sentAt + 10).getTime(), atMs: at(sentAt + 20).getTime(), outcome: 'OK', weights };
  return { intent, attempt, write };
}
const [first, second] = [step(0, 10, 0, '7'), step(1, 100, 1_100, '8')];
const good: Logs = {
  writes: [first.write, second.write],
  intents: [first.intent, second.intent],
  attempts: [first.attempt, second.attempt],
  shifts: [0, 1].map((index) => ({ rollout_id: 'rol_1', step_index: index })),
  rollouts: [{ id: 'rol_1', state: 'Succeeded', plan: { settleMs: 200, steps: [{ holdMs: 1_000 }, { holdMs: 0 }] } }],
  grants: [
    { gateway_id: 'gtw_1', epoch: '7', owner: 'a:1', granted_at: at(-5_000), lease_until: at(1_050) },
    { gateway_id: 'gtw_1', epoch: '8', owner: 'b:2', granted_at: at(1_060), lease_until: at(3_060) },
  ],
  explaining: [{ after: split(100), expected: split(100) }],
};

describe('logs of a route', () => {
  it('agree when all went well', () => {
    expect(disagreements(good, { undisturbed: true })).toEqual([]);
  });

  it.each<[string, Partial<Logs>, RegExp]>([
    ['a weight above 999', { writes: [{ ...first.write, weights: { black: 1_000, red: 0 } }] }, /^I1/],
    [
      'a write that a former owner sends after its lease',
      { writes: [{ ...first.write, arrivedMs: at(1_051).getTime() }, second.write] },
      /^I7: AWS got .* after the lease of its sender/,
    ],
    [
      'a write of a former owner that has its effect after the next one wrote',
      { writes: [{ ...first.write, atMs: at(1_101).getTime() }, second.write] },
      /^I7: AWS got .* when the next owner wrote already/,
    ],
    ['a write that nobody marked', { attempts: [first.attempt] }, /^I7: AWS got/],
    ['two writes by one mark', { writes: [first.write, first.write, second.write] }, /^I7: AWS got/],
    [
      'a lease that begins before the last one ends',
      { grants: good.grants.map((one) => ({ ...one, granted_at: at(1_000) })) },
      /^I7: epoch 8 began/,
    ],
    [
      'a mark of a newer epoch while one of an older may still be out',
      { attempts: [{ ...first.attempt, deadline_at: at(1_101) }, second.attempt] },
      /^I7: int_1 was marked/,
    ],
    ['a write without a decision', { intents: [first.intent] }, /^I8: AWS changed 2 times, the ledger explains 1/],
    [
      'a decision that is still open',
      { intents: [first.intent, { ...second.intent, decision_state: 'decided' }] },
      /^I8: intent/,
    ],
    ['a step that was skipped', { shifts: [{ rollout_id: 'rol_1', step_index: 1 }] }, /^I4: rollout rol_1 went/],
    ['a step that was decided twice', { shifts: [...good.shifts, ...good.shifts.slice(1)] }, /^I4: the steps of rol_1/],
    [
      'a hold cut short by the ledger',
      { intents: [{ ...first.intent, settled_at: at(500) }, second.intent] },
      /^I5: rollout rol_1 sent/,
    ],
    [
      "a hold cut short by AWS's clock",
      { writes: [{ ...first.write, atMs: first.write.atMs + 500 }, second.write] },
      /^I5: AWS got/,
    ],
    ['a rollout in limbo', { rollouts: good.rollouts.map((one) => ({ ...one, state: 'Running' })) }, /^I21/],
    ['live weights that no decision explains', { explaining: [] }, /^I8: .* is live/],
    [
      'live weights that something else explains',
      { explaining: [{ after: split(10), expected: split(100) }] },
      /^I8: .* is live/,
    ],
  ])('do not agree about %s', (_what, change, says) => {
    expect(disagreements({ ...good, ...change }, { undisturbed: true })).toContainEqual(expect.stringMatching(says));
  });
});
