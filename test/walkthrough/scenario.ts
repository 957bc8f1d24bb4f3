import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { walkthrough } from '../../tools/walkthrough/walkthrough.mjs';
import { brokenInvariants } from '../e2e/invariants.js';
import { Stack, type Replica } from '../e2e/stack.js';
import { changesIn, fiveSigma, visitDuringStep } from './visitor.js';

const HALF_AND_HALF = 2;

interface Options {
  /** Folder of etcd and kube-apiserver, for real clusters; null for the sandbox's own. */
  readonly assets: string | null;
  readonly holdMs: number;
}

/** The installation that the walkthrough has left, still running. */
export interface Walked {
  readonly stack: Stack;
  readonly replica: Replica;
  readonly result: Awaited<ReturnType<typeof walkthrough>>;
  /** What a second visitor was answered, one request after the other, while the step 50/50 was held. */
  readonly visits: readonly string[];
}

/** The walkthrough of `npm start` on an installation of its own, and all that it has to have shown. */
export function walkthroughScenario({ assets, holdMs }: Options): () => Walked {
  let stack: Stack | undefined;
  let found: Walked | undefined;
  const walked = () => {
    if (found === undefined) throw new Error('the walkthrough did not come to its end');
    return found;
  };

  beforeAll(async () => {
    stack = await Stack.start({ assets });
    found = await walkThrough(stack, holdMs);
  }, 420_000);
  afterAll(async () => {
    await stack?.stop();
  }, 90_000);

  it('ends with black at 100 %, every step verified with exactly its weights', () => {
    const { result } = walked();
    expect(result.problems).toEqual([]);
    expect(result.steps.map(({ step, verified }: StepVerdict) => ({ name: step.name, verified }))).toEqual(
      ['100/0', '90/10', '50/50', '0/100'].map((name) => ({ name, verified: true })),
    );
    expect(result.ok).toBe(true);
  });

  it('loses no request of a client that asks all the way', () => {
    const { load } = walked().result;
    expect(load.failures).toEqual([]);
    expect(load.count).toBeGreaterThan((4 * holdMs) / 100);
  });

  it('alternates between red and black while the step 50/50 is held', () => {
    const { visits } = walked();
    expect([...new Set(visits)].sort()).toEqual(['black', 'red']);
    expect(visits.length).toBeGreaterThan(50);
    const red = visits.filter((one) => one === 'red').length;
    expect(Math.abs(red - visits.length / 2)).toBeLessThan(fiveSigma(visits.length, 0.5));
    const pairs = visits.length - 1;
    expect(Math.abs(changesIn(visits) - pairs / 2)).toBeLessThan(fiveSigma(pairs, 0.5));
  });

  it('leaves a ledger that explains every write that AWS got, one decision after the other', async () => {
    const { stack, replica, result } = walked();
    const { project, route } = result;
    expect(await brokenInvariants(stack.databaseUrl, stack.awsRequests(), route)).toEqual([]);
    const ledger = (await stack.rest(replica).get(`/decisions?projectId=${project.id}&limit=200`))
      .items as LedgerLine[];
    const changes = ledger
      .sort((one, other) => Number(one.seq) - Number(other.seq))
      .filter(({ state }) => state === 'applied')
      .flatMap((decision) => decision.changes.filter(({ routeId }) => routeId === route.id));
    const { weights } = await stack.rest(replica).get(`/routes/${route.id}/live`);
    expect(changes.map(({ before }) => sorted(before)).slice(1)).toEqual(
      changes.map(({ after }) => sorted(after)).slice(0, -1),
    );
    expect(sorted(changes.at(-1)?.after)).toEqual(sorted(weights));
  });

  return walked;
}

interface StepVerdict {
  readonly step: { readonly name: string };
  readonly verified: boolean;
}
type Weights = readonly { readonly targetGroupArn: string; readonly weight: number }[];
interface LedgerLine {
  readonly seq: string;
  readonly state: string;
  readonly changes: readonly { readonly routeId: string; readonly before: Weights; readonly after: Weights }[];
}
const sorted = (weights: Weights = []) =>
  weights.map(({ targetGroupArn, weight }) => `${targetGroupArn} ${weight}`).sort();

async function walkThrough(stack: Stack, holdMs: number): Promise<Walked> {
  const replica = await stack.replica();
  let visiting: Promise<string[]> = Promise.resolve([]);
  const result = await walkthrough({
    access: stack.access(replica),
    sandbox: stack.sandbox,
    signal: AbortSignal.timeout(400_000),
    holdMs,
    onAlb: (alb) => {
      visiting = visitDuringStep(stack, replica, alb, HALF_AND_HALF);
      // reported below, unless the walkthrough itself has failed before
      visiting.catch(() => undefined);
    },
  });
  return { stack, replica, result, visits: await visiting };
}
