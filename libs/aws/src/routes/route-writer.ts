import { ModifyListenerCommand, ModifyRuleCommand, type Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ExternalFailure, type WriteOutcome } from '@sluice/control';
import { sameWeights, unsafeWeights, type LiveRoute, type Weights } from '@sluice/domain';
import type { AwsCall } from '../clients/aws-call.js';
import { canonicalForward, withWeights } from './forward-action.js';
import type { RawActions } from './raw-actions.js';

/** Writes the weights of one route and nothing else of its listener or rule. */
export class RouteWriter {
  constructor(private readonly raw: RawActions) {}

  /** @throws ExternalFailure `UnsafeWeights`, `OwnedByController` or `StaleBase` (terminal) before any call; AWS's codes after it */
  async write(call: AwsCall, base: LiveRoute, weights: Weights): Promise<WriteOutcome> {
    refuseUnsafe(base.routeArn, weights);
    refuseOwned(base);
    const actions = withWeights(this.raw.of(base), weights);
    const { stored, requestId } = base.isDefault
      ? await modifyListener(call, base.routeArn, actions)
      : await modifyRule(call, base.routeArn, actions);
    const action = stored === undefined ? null : canonicalForward(stored);
    if (stored === undefined || action === null) return { verified: false, live: null, requestId };
    return {
      verified: sameWeights(action.weights, weights),
      live: this.raw.remember({ ...base, action }, stored),
      requestId,
    };
  }
}

/** @throws ExternalFailure terminal `UnsafeWeights` */
export function refuseUnsafe(subject: string, weights: Weights): void {
  const reason = unsafeWeights(weights);
  if (reason === null) return;
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'UnsafeWeights',
    message: `Nothing was sent to AWS for ${subject}: ${reason}.`,
  });
}

/** The last gate of design rule 9: what a reconciler would revert is never written. */
function refuseOwned({ routeArn, ownership }: LiveRoute): void {
  if (ownership.kind !== 'continuous') return;
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'OwnedByController',
    message: `Nothing was sent to AWS for ${routeArn}: ${ownership.owner} owns it (${ownership.evidence}) and would revert the change. ${ownership.advice}`,
  });
}

interface Stored {
  readonly stored: readonly Action[] | undefined;
  readonly requestId: string | null;
}

async function modifyListener(call: AwsCall, arn: string, DefaultActions: Action[]): Promise<Stored> {
  const reply = await call.write('ModifyListener', arn, (client, http) =>
    client.send(new ModifyListenerCommand({ ListenerArn: arn, DefaultActions }), http),
  );
  const listener = reply.Listeners?.find(({ ListenerArn }) => ListenerArn === arn);
  return { stored: listener?.DefaultActions, requestId: reply.$metadata.requestId ?? null };
}

/** Sends no conditions: DescribeRules gives them in two forms at once, which ModifyRule refuses. */
async function modifyRule(call: AwsCall, arn: string, Actions: Action[]): Promise<Stored> {
  const reply = await call.write('ModifyRule', arn, (client, http) =>
    client.send(new ModifyRuleCommand({ RuleArn: arn, Actions }), http),
  );
  const rule = reply.Rules?.find(({ RuleArn }) => RuleArn === arn);
  return { stored: rule?.Actions, requestId: reply.$metadata.requestId ?? null };
}
