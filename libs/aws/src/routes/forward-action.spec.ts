import { describe, expect, it } from '@jest/globals';
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import fc from 'fast-check';
import { canonicalForward, withWeights } from './forward-action.js';

const login: Action = {
  Type: 'authenticate-oidc',
  Order: 1,
  AuthenticateOidcConfig: {
    Issuer: 'https://login.example.com',
    AuthorizationEndpoint: 'https://login.example.com/authorize',
    TokenEndpoint: 'https://login.example.com/token',
    UserInfoEndpoint: 'https://login.example.com/userinfo',
    ClientId: 'shop',
    AuthenticationRequestExtraParams: { b: '2', a: '1' },
  },
};

describe('the canonical form of an action list', () => {
  it.each<[string, Action]>([
    ['the short form', { Type: 'forward', TargetGroupArn: 'red' }],
    ['a list of one', { Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'red', Weight: 1 }] } }],
    [
      'both forms at once, as ALB answers',
      {
        Type: 'forward',
        Order: 1,
        TargetGroupArn: 'red',
        ForwardConfig: {
          TargetGroups: [{ TargetGroupArn: 'red', Weight: 1 }],
          TargetGroupStickinessConfig: { Enabled: false },
        },
      },
    ],
    [
      'both forms with weight 0, as NLB answers',
      {
        Type: 'forward',
        TargetGroupArn: 'red',
        ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'red', Weight: 0 }] },
      },
    ],
  ])('is the same for one target group in %s', (_form, action) => {
    expect(canonicalForward([action])).toEqual({
      weights: [{ targetGroupArn: 'red', weight: 1 }],
      stickiness: { enabled: false },
      otherActions: [],
    });
  });

  it('sorts target groups by ARN and reads an absent weight as 1', () => {
    const action = {
      Type: 'forward',
      ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'red', Weight: 0 }, { TargetGroupArn: 'black' }] },
    } as const;
    expect(
      canonicalForward([{ ...action, ForwardConfig: { TargetGroups: [...action.ForwardConfig.TargetGroups] } }])
        ?.weights,
    ).toEqual([
      { targetGroupArn: 'black', weight: 1 },
      { targetGroupArn: 'red', weight: 0 },
    ]);
  });

  it('ignores the duration of stickiness that is off', () => {
    const off = {
      TargetGroups: [{ TargetGroupArn: 'red' }],
      TargetGroupStickinessConfig: { Enabled: false, DurationSeconds: 3600 },
    };
    expect(canonicalForward([{ Type: 'forward', ForwardConfig: off }])?.stickiness).toEqual({ enabled: false });
  });

  it('digests other actions by content: field order, place and the secret’s fields do not matter, settings do', () => {
    const digest = (action: Action): string | undefined =>
      canonicalForward([action, { Type: 'forward', TargetGroupArn: 'red' }])?.otherActions[0]?.digest;
    const config = login.AuthenticateOidcConfig;
    if (config === undefined) throw new Error('the login action has a configuration');
    const reordered = {
      ...login,
      AuthenticateOidcConfig: { ...config, AuthenticationRequestExtraParams: { a: '1', b: '2' } },
    };

    expect(digest({ ...reordered, Order: 7 })).toBe(digest(login));
    expect(digest({ ...login, AuthenticateOidcConfig: { ...config, UseExistingClientSecret: true } })).toBe(
      digest(login),
    );
    expect(digest({ ...login, AuthenticateOidcConfig: { ...config, ClientId: 'other' } })).not.toBe(digest(login));
  });

  it('is null when nothing forwards', () => {
    expect(canonicalForward([{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301' } }])).toBeNull();
    expect(canonicalForward([])).toBeNull();
  });
});

describe('an action list with new weights', () => {
  const arns = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 5 });
  const weightsIn = (names: string[]) =>
    fc.tuple(
      ...names.map((targetGroupArn) =>
        fc.record({ targetGroupArn: fc.constant(targetGroupArn), weight: fc.integer({ min: 1, max: 999 }) }),
      ),
    );
  const forward: fc.Arbitrary<Action> = fc.oneof(
    arns.map(([only = 'red']) => ({ Type: 'forward' as const, Order: 2, TargetGroupArn: only })),
    fc
      .record({
        names: arns,
        sticky: fc.option(fc.record({ Enabled: fc.boolean(), DurationSeconds: fc.integer({ min: 1, max: 604_800 }) }), {
          nil: undefined,
        }),
      })
      .map(({ names, sticky }) => ({
        Type: 'forward' as const,
        Order: 2,
        ForwardConfig: {
          TargetGroups: names.map((name, i) => ({ TargetGroupArn: name, Weight: i })),
          ...(sticky && { TargetGroupStickinessConfig: sticky }),
        },
      })),
  );

  it('reads back as those weights and keeps stickiness and every other action', () => {
    fc.assert(
      fc.property(forward, fc.boolean(), arns.chain(weightsIn), (action, withLogin, weights) => {
        const before = withLogin ? [login, action] : [action];
        const after = canonicalForward(withWeights(before, weights));
        const sorted = [...weights].sort((a, b) => (a.targetGroupArn < b.targetGroupArn ? -1 : 1));
        expect(after).toEqual({ ...canonicalForward(before), weights: sorted });
      }),
    );
  });

  it('keeps AWS’s own copy of the OIDC secret, and never sends one', () => {
    const config = {
      ...login.AuthenticateOidcConfig,
      Issuer: 'i',
      AuthorizationEndpoint: 'a',
      TokenEndpoint: 't',
      UserInfoEndpoint: 'u',
      ClientId: 'c',
      ClientSecret: 'leaked',
    };
    const [sent] = withWeights(
      [
        { ...login, AuthenticateOidcConfig: config },
        { Type: 'forward', TargetGroupArn: 'red' },
      ],
      [{ targetGroupArn: 'red', weight: 1 }],
    );

    expect(sent?.AuthenticateOidcConfig).toMatchObject({ UseExistingClientSecret: true });
    expect(sent?.AuthenticateOidcConfig).not.toHaveProperty('ClientSecret');
  });
});
