import { ModifyListenerCommand, ModifyRuleCommand, type Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { WriteBase, WriteOutcome } from '@sluice/control';
import { unsafeWeights, type Weights } from '@sluice/domain';
import { parseRouteArn } from '../arns.js';
import type { AwsCall } from '../clients/aws-call.js';
import { overhear } from '../clients/replies.js';
import { refusal } from '../failures/refusal.js';
import { actionRead } from './action-reader.js';
import { actionsOf } from './actions-document.js';
import { canonicalForward, withWeights } from './forward-action.js';
import { seenListeners, seenRules } from './seen.js';
import { whatDiffers } from './verification.js';

/**
 * Writes the weights of one route and nothing else of its listener or rule.
 * @throws ExternalFailure terminal before any request: `UnsafeWeights`, `OwnedByController`, `UnknownActionMember`, `StaleBase`; AWS's codes after it
 */
export async function writeWeights(call: AwsCall, base: WriteBase, weights: Weights): Promise<WriteOutcome> {
  refuseUnsafe(base.routeArn, weights);
  refuseOwned(base);
  const arn = parseRouteArn(base.routeArn);
  const actions = withWeights(actionsOf(base), weights);
  const { stored, unknown, requestId } =
    arn.kind === 'listener'
      ? await modifyListener(call, base.routeArn, actions)
      : await modifyRule(call, base.routeArn, actions);
  const seen = stored === undefined ? null : canonicalForward(stored);
  const unverified = whatDiffers(canonicalForward(actions), seen);
  return {
    verified: unverified === null,
    unverified,
    live: seen === null ? null : actionRead(arn, stored, unknown),
    requestId,
  };
}

/** @throws ExternalFailure terminal `UnsafeWeights` */
export function refuseUnsafe(subject: string, weights: Weights): void {
  const reason = unsafeWeights(weights);
  if (reason === null) return;
  throw refusal('UnsafeWeights', `Nothing was sent to AWS for ${subject}: ${reason}.`);
}

/** The last gate of rule 9: what a reconciler would revert is never written. */
function refuseOwned({ routeArn, ownership }: WriteBase): void {
  if (ownership?.kind !== 'continuous') return;
  throw refusal(
    'OwnedByController',
    `Nothing was sent to AWS for ${routeArn}: ${ownership.owner} owns it (${ownership.evidence}) and would revert the change. ${ownership.advice}`,
  );
}

interface Stored {
  readonly stored: readonly Action[] | undefined;
  readonly unknown: readonly string[];
  readonly requestId: string | null;
}

async function modifyListener(call: AwsCall, arn: string, DefaultActions: Action[]): Promise<Stored> {
  const command = new ModifyListenerCommand({ ListenerArn: arn, DefaultActions });
  const text = overhear(command);
  const reply = await call.write('ModifyListener', arn, (client, http) => client.send(command, http));
  const seen = seenListeners(reply.Listeners, text()).find(({ of }) => of.ListenerArn === arn);
  return {
    stored: seen?.of.DefaultActions,
    unknown: seen?.unknown ?? [],
    requestId: reply.$metadata.requestId ?? null,
  };
}

/** Sends no conditions: DescribeRules gives them in two forms at once, which ModifyRule refuses. */
async function modifyRule(call: AwsCall, arn: string, Actions: Action[]): Promise<Stored> {
  const command = new ModifyRuleCommand({ RuleArn: arn, Actions });
  const text = overhear(command);
  const reply = await call.write('ModifyRule', arn, (client, http) => client.send(command, http));
  const seen = seenRules(reply.Rules, text()).find(({ of }) => of.RuleArn === arn);
  return { stored: seen?.of.Actions, unknown: seen?.unknown ?? [], requestId: reply.$metadata.requestId ?? null };
}
