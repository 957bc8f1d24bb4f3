import { describe, expect, it } from '@jest/globals';
import { judge, shareProblem } from './verdict.mjs';

const services = { red: 'red-service', black: 'black-service' };
const weights = (red: number, black: number): object[] => [
  { targetGroupArn: 'red-arn', weight: red },
  { targetGroupArn: 'black-arn', weight: black },
];

const backends = ['red', 'black'].map((name) => ({ name, targetGroupArn: `${name}-arn` }));

/** A rollout of one step 50/50, verified at second 10 and measured until second 20. */
function run(change: object = {}): Parameters<typeof judge>[0] {
  const step = { index: 0, name: '50/50', shares: { red: 500, black: 500 } };
  return {
    rollout: {
      state: 'Succeeded',
      message: 'done',
      plan: { settleMs: 2_000, routes: [{ id: 'route', name: 'shop', backends }], steps: [step] },
    },
    timeline: { points: [] },
    verified: new Map([[0, { at: new Date(10_000).toISOString(), weights: { route: weights(50, 50) } }]]),
    load: { count: 500, lost: 0, failures: [], between: () => ({ 'red-service': 240, 'black-service': 260 }) },
    services,
    endedAt: 20_000,
    ...change,
  };
}

describe('the verdict on a walkthrough', () => {
  it('is good when each step was verified and served as intended, and nothing was lost', () => {
    expect(judge(run()).problems).toEqual([]);
  });

  it.each([
    ['a step that was never verified', { verified: new Map() }, 'never verified'],
    [
      'one called verified while the load balancer had other weights',
      { verified: new Map([[0, { at: new Date(0).toISOString(), weights: { route: weights(90, 10) } }]]) },
      'while the load balancer had',
    ],
    [
      'a rollout that ended otherwise',
      { rollout: { ...run().rollout, state: 'Aborted', message: 'by hand' } },
      'ended Aborted: by hand',
    ],
    [
      'a lost request',
      { load: { ...run().load, lost: 1, failures: ['12:00: socket hang up'] } },
      '1 of 500 requests failed, the first 12:00: socket hang up',
    ],
    [
      'a share that chance does not explain',
      { load: { ...run().load, between: () => ({ 'red-service': 400, 'black-service': 100 }) } },
      'red answered 80.0 % of 500 requests',
    ],
  ])('reports %s', (_what, change, problem) => {
    expect(judge(run(change)).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('names the first of the routes that were not as they should be, and counts the others', () => {
    const { rollout } = run() as { rollout: { plan: { routes: object[] } } };
    const routes = ['a', 'b', 'c'].map((id) => ({ id, name: id, backends }));
    const seen = { at: new Date(10_000).toISOString(), weights: { a: weights(50, 50), b: weights(90, 10) } };
    const judged = judge(
      run({ rollout: { ...rollout, plan: { ...rollout.plan, routes } }, verified: new Map([[0, seen]]) }),
    );
    expect(judged.problems).toEqual([expect.stringMatching(/for route b, and not what it should on 1 more$/)]);
  });

  it('counts from the end of the settle time, in which a change may still be on its way', () => {
    const asked: number[][] = [];
    const load = {
      ...run().load,
      between: (from: number, until: number) => (asked.push([from, until]), { 'red-service': 1, 'black-service': 1 }),
    };
    judge(run({ load }));
    expect(asked).toEqual([[12_000, 19_500]]);
  });

  it("counts until the next step, whatever the step's own points say", () => {
    const asked: number[][] = [];
    const load = {
      ...run().load,
      between: (...range: number[]) => (asked.push(range), { 'red-service': 1, 'black-service': 1 }),
    };
    const points = [
      { stepIndex: 0, at: new Date(10_003).toISOString() },
      { stepIndex: 1, at: new Date(18_000).toISOString() },
    ];
    judge(run({ load, timeline: { points } }));
    expect(asked).toEqual([[12_000, 17_500]]);
  });

  it('leaves no room at the ends: with weight 0 a single request is one too many', () => {
    expect(shareProblem({ red: 0, black: 1000 }, { 'red-service': 1, 'black-service': 10_000 }, services)).toContain(
      'red answered',
    );
    expect(shareProblem({ red: 0, black: 1000 }, { 'black-service': 3 }, services)).toBeUndefined();
  });

  it('takes silence for a problem', () => {
    expect(shareProblem({ red: 500, black: 500 }, {}, services)).toBe('no request was answered while it held');
  });
});
