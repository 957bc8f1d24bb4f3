import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { stepWeights, aRoute, aSpec, black, red, redBlack, stranger } from '../testing/builders.js';
import type { Weights } from '../weights/types.js';
import { shareOf } from '../weights/equal.js';
import { compilePlan, type CompiledPlan } from './compile.js';
import { linearShares } from './linear.js';
import type { PlanSpec } from './types.js';

const identity = { planId: 'p', planVersion: 3, name: 'upgrade' };
const compileOne = (steps: PlanSpec['steps'], live: Weights, route = aRoute()) =>
  compilePlan(aSpec({ steps }), [route], { [route.id]: live }, identity);

function weightsOf(compiled: CompiledPlan, routeId = 'shop'): unknown {
  if (!compiled.ok) return compiled.issues;
  const route = compiled.plan.routes.find((one) => one.id === routeId)!;
  return compiled.plan.steps.map((step) => stepWeights(route, step));
}
const toBlack = (count: number): PlanSpec['steps'] => ({ kind: 'linear', to: { black: 100 }, count, holdMs: 1_000 });

describe('compiling a plan', () => {
  it('writes explicit steps as exact weights, with a backend that is not named at 0', () => {
    const steps: PlanSpec['steps'] = {
      kind: 'explicit',
      steps: [
        { shares: { red: 100 }, holdMs: 1 },
        { shares: { red: 99.9, black: 0.1 }, holdMs: 2 },
        { name: 'all', shares: { black: 100 }, holdMs: 3, minHealthyTargets: 4 },
      ],
    };
    const compiled = compileOne(steps, redBlack(1));
    expect(weightsOf(compiled)).toEqual([redBlack(100, 0), redBlack(999, 1), redBlack(0, 100)]);
    expect(compiled.ok && compiled.plan.steps[2]).toMatchObject({
      index: 2,
      name: 'all',
      shares: { black: 1000 },
      holdMs: 3,
      gates: [{ kind: 'health', minHealthyTargets: 4 }],
    });
    expect(compiled.ok && compiled.plan).toMatchObject({
      planId: 'p',
      planVersion: 3,
      name: 'upgrade',
      schemaVersion: 1,
      decideVersion: 1,
    });
  });

  it('may have the same weights twice in a row: the second is a hold with its own gate', () => {
    const step = { shares: { red: 50, black: 50 }, holdMs: 1 };
    expect(weightsOf(compileOne({ kind: 'explicit', steps: [step, step] }, redBlack(100, 0)))).toEqual([
      redBlack(50, 50),
      redBlack(50, 50),
    ]);
  });

  it('draws a line from the present shares, whose end is exactly what was asked', () => {
    expect(weightsOf(compileOne(toBlack(4), redBlack(100, 0)))).toEqual([
      redBlack(75, 25),
      redBlack(50, 50),
      redBlack(25, 75),
      redBlack(0, 100),
    ]);
    expect(weightsOf(compileOne(toBlack(3), redBlack(1)))).toEqual([
      redBlack(667, 333),
      redBlack(333, 667),
      redBlack(0, 100),
    ]);
    expect(weightsOf(compileOne(toBlack(1), redBlack(2, 1)))).toEqual([redBlack(0, 100)]);
  });

  it('splits among ours what a pinned target group leaves, which keeps its share in every step', () => {
    const route = aRoute({ pinned: [stranger] });
    const live = [...redBlack(80, 0), { targetGroupArn: stranger, weight: 20 }];
    const compiled = compileOne(toBlack(2), live, route);
    if (!compiled.ok) throw new Error('refused');
    const written = compiled.plan.steps.map((step) => stepWeights({ ...route, baseline: live }, step));
    for (const weights of written) expect(shareOf(weights, stranger)).toBe(200);
    expect(written.map((weights) => shareOf(weights, black))).toEqual([400, 800]);
  });

  it('leaves out a pinned target group that is not in the action', () => {
    expect(weightsOf(compileOne(toBlack(1), redBlack(100, 0), aRoute({ pinned: [stranger] })))).toEqual([
      redBlack(0, 100),
    ]);
  });

  it.each([
    [
      'a foreign target group that is live',
      aRoute(),
      [...redBlack(50, 0), { targetGroupArn: stranger, weight: 50 }],
      /stranger.*pin it/,
    ],
    ['live weights that are not known', aRoute(), null, /not known/],
    ['a route without backends', aRoute({ backends: [] }), redBlack(100, 0), /has no backends/],
    [
      'a pinned target group that has everything',
      aRoute({ pinned: [stranger] }),
      [...redBlack(0, 0), { targetGroupArn: stranger, weight: 1 }],
      /no backend of route shop has a share/,
    ],
    [
      'two backends with one target group',
      aRoute({ backends: aRoute().backends.map((backend) => ({ ...backend, targetGroupArn: red })) }),
      redBlack(1),
      /twice/,
    ],
  ])('is refused for %s', (_sentence, route, live, message) => {
    const compiled = compilePlan(aSpec({ steps: toBlack(2) }), [route], live ? { shop: live } : {}, identity);
    expect(compiled).toMatchObject({
      ok: false,
      issues: expect.arrayContaining([expect.objectContaining({ message: expect.stringMatching(message) })]),
    });
  });

  it('refuses six target groups in one action, pinned ones counted', () => {
    const others = ['a', 'b', 'c'].flatMap((name) =>
      aRoute()
        .backends.slice(0, 1)
        .map((backend) => ({ ...backend, id: name, name, targetGroupArn: name })),
    );
    const backends = [...aRoute().backends, ...others];
    const compiled = compilePlan(
      aSpec({ steps: { kind: 'explicit', steps: [{ shares: { a: 100 }, holdMs: 0 }] } }),
      [aRoute({ backends, pinned: [stranger] })],
      {
        shop: [
          { targetGroupArn: red, weight: 1 },
          { targetGroupArn: stranger, weight: 1 },
        ],
      },
      identity,
    );
    expect(compiled).toMatchObject({
      ok: false,
      issues: [{ field: 'routes', message: expect.stringContaining('6, of which 1 pinned') }],
    });
  });

  it('has one beginning for a line: routes that stand at different shares are refused', () => {
    const routes = [aRoute(), aRoute({ id: 'cart', name: 'cart' })];
    const compiled = compilePlan(
      aSpec({ steps: toBlack(2) }),
      routes,
      { shop: redBlack(100, 0), cart: redBlack(50, 50) },
      identity,
    );
    expect(compiled).toMatchObject({
      ok: false,
      issues: [{ field: 'steps', message: expect.stringContaining('routes shop and cart have different shares now') }],
    });
  });

  it('compiles each of several routes, all of which need every named backend', () => {
    const cart = aRoute({
      id: 'cart',
      name: 'cart',
      backends: aRoute().backends.map((backend) => ({ ...backend, targetGroupArn: `${backend.targetGroupArn}-cart` })),
      baseline: [{ targetGroupArn: `${red}-cart`, weight: 1 }],
    });
    const live = { shop: redBlack(100, 0), cart: [{ targetGroupArn: `${red}-cart`, weight: 1 }] };
    const compiled = compilePlan(aSpec({ steps: toBlack(2) }), [aRoute(), cart], live, identity);
    expect(weightsOf(compiled, 'cart')).toEqual([
      [
        { targetGroupArn: `${black}-cart`, weight: 50 },
        { targetGroupArn: `${red}-cart`, weight: 50 },
      ],
      [
        { targetGroupArn: `${black}-cart`, weight: 100 },
        { targetGroupArn: `${red}-cart`, weight: 0 },
      ],
    ]);
    const lame = { ...cart, backends: cart.backends.slice(0, 1) };
    expect(compilePlan(aSpec({ steps: toBlack(2) }), [aRoute(), lame], live, identity)).toMatchObject({
      ok: false,
      issues: [{ field: 'steps.to.black' }],
    });
  });

  it('has no step on a line that turns back', () => {
    const share = fc.nat(1000);
    fc.assert(
      fc.property(share, share, fc.integer({ min: 1, max: 100 }), (from, to, count) => {
        const line = [[from, 1000 - from], ...linearShares([from, 1000 - from], [to, 1000 - to], count)].map(
          ([first = 0]) => first,
        );
        const falls = line.slice(1).some((one, i) => one < (line[i] ?? 0));
        const rises = line.slice(1).some((one, i) => one > (line[i] ?? 0));
        expect(falls && rises).toBe(false);
        expect(line.at(-1)).toBe(to);
      }),
    );
  });
});
