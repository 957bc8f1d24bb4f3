import { createHash } from 'node:crypto';
import type { Action, TargetGroupStickinessConfig, TargetGroupTuple } from '@aws-sdk/client-elastic-load-balancing-v2';
import { sortWeights, type ForwardAction, type OtherAction, type Stickiness, type Weights } from '@sluice/domain';

/**
 * The canonical form of an action list, or null if nothing in it forwards. AWS gives a single target group in
 * `TargetGroupArn`, in `ForwardConfig`, or in both, with a weight that means nothing (1 on ALB, 0 seen on NLB); the
 * order of target groups is not promised; absent stickiness is disabled stickiness.
 */
export function canonicalForward(actions: readonly Action[]): ForwardAction | null {
  const forward = actions.find(isForward);
  if (forward === undefined) return null;
  return {
    weights: canonicalWeights(forward),
    stickiness: canonicalStickiness(forward.ForwardConfig?.TargetGroupStickinessConfig),
    otherActions: inOrder(actions)
      .filter((action) => !isForward(action))
      .map(canonicalOther),
  };
}

/**
 * The action list to send: new weights in the forward action, all else as it was read. ELBv2 replaces the whole list, so
 * authentication actions and stickiness must be sent again. OIDC secrets are never read, so the stored one is kept.
 */
export function withWeights(actions: readonly Action[], weights: Weights): Action[] {
  return actions.map((action) => {
    if (isForward(action)) return forwardTo(weights, action);
    if (action.AuthenticateOidcConfig === undefined) return action;
    const { ClientSecret: _neverRead, ...oidc } = action.AuthenticateOidcConfig;
    return { ...action, AuthenticateOidcConfig: { ...oidc, UseExistingClientSecret: true } };
  });
}

/** A forward action over `weights`; `like` is the one it takes the place of. */
export function forwardTo(weights: Weights, like?: Action): Action {
  const stickiness = like?.ForwardConfig?.TargetGroupStickinessConfig;
  return {
    Type: 'forward',
    ...(like?.Order !== undefined && { Order: like.Order }),
    ForwardConfig: {
      TargetGroups: weights.map(({ targetGroupArn, weight }) => ({ TargetGroupArn: targetGroupArn, Weight: weight })),
      ...(stickiness !== undefined && { TargetGroupStickinessConfig: stickiness }),
    },
  };
}

function isForward(action: Action): boolean {
  return action.Type === 'forward';
}

function inOrder(actions: readonly Action[]): Action[] {
  return [...actions].sort((left, right) => (left.Order ?? 0) - (right.Order ?? 0));
}

function canonicalWeights(forward: Action): Weights {
  const listed = forward.ForwardConfig?.TargetGroups ?? [];
  const tuples: TargetGroupTuple[] = listed.length > 0 ? listed : [{ TargetGroupArn: forward.TargetGroupArn }];
  const sums = new Map<string, number>();
  for (const { TargetGroupArn: arn, Weight: weight } of tuples) {
    if (arn !== undefined) sums.set(arn, (sums.get(arn) ?? 0) + (weight ?? 1));
  }
  const alone = sums.size === 1;
  return sortWeights(
    [...sums].map(([targetGroupArn, weight]) => ({ targetGroupArn, weight: alone ? Math.max(weight, 1) : weight })),
  );
}

function canonicalStickiness(config: TargetGroupStickinessConfig | undefined): Stickiness {
  return config?.Enabled === true
    ? { enabled: true, durationSeconds: config.DurationSeconds ?? 0 }
    : { enabled: false };
}

/** By content: its place in the list is said by the list, and the secret's two fields are for sending only. */
function canonicalOther(action: Action): OtherAction {
  const { Order: _place, AuthenticateOidcConfig: oidc, ...rest } = action;
  const { ClientSecret: _secret, UseExistingClientSecret: _keep, ...login } = oidc ?? {};
  return {
    type: action.Type ?? 'unknown',
    digest: createHash('sha256')
      .update(stable({ ...rest, login }))
      .digest('hex')
      .slice(0, 32),
  };
}

/** JSON with sorted keys and without absent fields: equal content, equal text. */
function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${stable(field)}`)
    .join(',')}}`;
}
