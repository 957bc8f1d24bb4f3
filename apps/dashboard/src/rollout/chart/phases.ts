import type { DecisionSummary, Rollout } from '@sluice/contracts';
import type { Ahead } from './ahead.js';

/** What the rollout was doing from `fromMs` to `toMs`. `kind` picks the look, `label` says it all, `texts` are what may stand in little room: the first that fits. */
export interface Phase {
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: 'step' | 'paused' | 'blocked' | 'rollback' | 'ahead';
  readonly label: string;
  readonly texts: readonly string[];
}

type Begins = Pick<Phase, 'kind' | 'label' | 'texts'>;

/** The ledger read as a story: each line that changes what is going on begins a phase, which lasts until the next. */
export function phasesBehind(
  rollout: Rollout,
  decisions: readonly Pick<DecisionSummary, 'kind' | 'stepIndex' | 'createdAt'>[],
  nowMs: number,
): readonly Phase[] {
  const phases: Phase[] = [];
  let step: Begins | null = null;
  for (const { kind, stepIndex, createdAt } of decisions) {
    if (kind === 'shift' && stepIndex !== null) step = stepPhase(rollout, stepIndex);
    const begins = beginsWith(kind, step);
    if (begins === undefined) continue;
    const atMs = Date.parse(createdAt);
    const last = phases.at(-1);
    if (last !== undefined) phases[phases.length - 1] = { ...last, toMs: Math.min(last.toMs, atMs) };
    if (begins !== null) phases.push({ ...begins, fromMs: atMs, toMs: Math.max(atMs, nowMs) });
  }
  return phases;
}

/** The rest of the present hold, then each step that is still to come. */
export function phasesAhead(rollout: Rollout, nowMs: number, ahead: Ahead): readonly Phase[] {
  const rest: Phase = {
    kind: 'ahead',
    fromMs: nowMs,
    toMs: ahead.holdEndsMs,
    label: rollout.state === 'Scheduled' ? 'Before the start' : 'The rest of this hold',
    texts: [],
  };
  const steps = ahead.steps.map(({ step, fromMs, toMs }) => {
    const { label, texts } = stepPhase(rollout, step.index);
    return { fromMs, toMs, kind: 'ahead' as const, label: `${label}, planned`, texts };
  });
  return ahead.holdEndsMs > nowMs ? [rest, ...steps] : steps;
}

function stepPhase({ stepCount }: Rollout, index: number): Begins {
  return { kind: 'step', label: `Step ${index + 1} of ${stepCount}`, texts: [`Step ${index + 1}`, String(index + 1)] };
}

/** `undefined`: changes nothing that can be seen; `null`: ends what was. */
function beginsWith(decision: string, step: Begins | null): Begins | null | undefined {
  switch (decision) {
    case 'shift':
    case 'resume':
    case 'adopt':
    case 'reassert':
      return step;
    case 'pause':
      return { kind: 'paused', label: 'Paused', texts: ['Paused'] };
    case 'block':
      return { kind: 'blocked', label: 'Blocked', texts: ['Blocked'] };
    case 'rollback':
      return { kind: 'rollback', label: 'Rolling back', texts: ['Rolling back'] };
    case 'finish':
    case 'abort':
    case 'cancel':
      return null;
    default:
      return undefined;
  }
}
