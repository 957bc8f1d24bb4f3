import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ActionRead, AwsAccess } from '@sluice/control';
import { awsResult, elbReplies, members, ScriptedAws } from '@sluice/testing';
import { ElbV2LoadBalancer } from '../elbv2-load-balancer.js';

const { black, forwardsXml, forwardXml, listenerArn, listenersReply, red, ruleArn, rulesReply } = elbReplies;

let aws: ScriptedAws;
let port: ElbV2LoadBalancer;
let access: AwsAccess;

beforeEach(async () => {
  aws = await ScriptedAws.start();
  port = new ElbV2LoadBalancer();
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'very-secret' };
  access = { accountId: 'a-1', region: 'eu-west-1', endpoint: aws.endpoint, credentials, role: null };
});

afterEach(async () => {
  port.close();
  await aws.stop();
});

async function readRule(): Promise<ActionRead> {
  const read = (await port.readActions(access, { kind: 'rules', ruleArns: [ruleArn] })).get(ruleArn);
  if (read === undefined || 'failure' in read) throw read?.failure ?? new Error('the rule was not read');
  return read;
}

const sticky =
  '<TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>60</DurationSeconds></TargetGroupStickinessConfig>';
const session =
  '<SessionCookieName>c</SessionCookieName><Scope>openid</Scope><SessionTimeout>60</SessionTimeout><AuthenticationRequestExtraParams><entry><key>display</key><value>page</value></entry><entry><key>entry</key><value/></entry></AuthenticationRequestExtraParams><OnUnauthenticatedRequest>deny</OnUnauthenticatedRequest>';
const oidc = `<Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig><Issuer>https://login</Issuer><AuthorizationEndpoint>a</AuthorizationEndpoint><TokenEndpoint>t</TokenEndpoint><UserInfoEndpoint>u</UserInfoEndpoint><ClientId>shop</ClientId>${session}</AuthenticateOidcConfig>`;
const cognito = `<Type>authenticate-cognito</Type><Order>1</Order><AuthenticateCognitoConfig><UserPoolArn>p</UserPoolArn><UserPoolClientId>i</UserPoolClientId><UserPoolDomain>d</UserPoolDomain>${session}</AuthenticateCognitoConfig>`;
const jwt =
  '<Type>jwt-validation</Type><Order>1</Order><JwtValidationConfig><JwksEndpoint>j</JwksEndpoint><Issuer>i</Issuer><AdditionalClaims><member><Format>single-string</Format><Name>n</Name><Values><member>v</member></Values></member></AdditionalClaims></JwtValidationConfig>';
const redirect =
  '<Type>redirect</Type><Order>1</Order><RedirectConfig><Protocol>HTTPS</Protocol><Port>443</Port><Host>h</Host><Path>/</Path><Query/><StatusCode>HTTP_301</StatusCode></RedirectConfig>';
const fixed =
  '<Type>fixed-response</Type><Order>1</Order><FixedResponseConfig><MessageBody/><StatusCode>200</StatusCode><ContentType>text/plain</ContentType></FixedResponseConfig>';

const weights = [
  { targetGroupArn: black, weight: 500 },
  { targetGroupArn: red, weight: 500 },
];

describe('an action that AWS knows and we don’t', () => {
  it.each([
    ['an OIDC login', members(oidc, forwardXml(1, 1, sticky, 2))],
    ['a Cognito login', members(cognito, forwardXml(1, 1, sticky, 2))],
    ['a token check', members(jwt, forwardXml(1, 1, '', 2))],
    ['a redirect', members(redirect, forwardXml(1, 1, '', 2))],
    ['a fixed response', members(fixed, forwardXml(1, 1, '', 2))],
    ['one target group in both forms', members(`<TargetGroupArn>${red}</TargetGroupArn>${forwardXml(1, 1)}`)],
    ['empty stickiness', members(forwardXml(1, 1, '<TargetGroupStickinessConfig/>'))],
  ])('is not %s, with all its members', async (_what, actions) => {
    aws.on('DescribeRules', rulesReply('DescribeRules', actions));
    expect((await readRule()).document.unknown).toEqual([]);
  });

  it.each([
    [
      'a new type with its configuration',
      members(
        '<Type>authenticate-saml</Type><Order>1</Order><AuthenticateSamlConfig><Idp>i</Idp></AuthenticateSamlConfig>',
        forwardXml(1, 1, '', 2),
      ),
      ['1.Type=authenticate-saml', '1.AuthenticateSamlConfig'],
    ],
    ['a new type without one', members('<Type>wait</Type><Order>1</Order>', forwardXml(1, 1, '', 2)), ['1.Type=wait']],
    [
      'a new part of ForwardConfig',
      members(forwardXml(1, 1, '<FailoverConfig><Mode>x</Mode></FailoverConfig>')),
      ['1.ForwardConfig.FailoverConfig'],
    ],
    ['a new part that is empty', members(forwardXml(1, 1, '<FailoverConfig/>')), ['1.ForwardConfig.FailoverConfig']],
    [
      'a new member of a target group',
      members(forwardXml(1, 1).replace('<Weight>1</Weight>', '<Weight>1</Weight><Tier>2</Tier>')),
      ['1.ForwardConfig.TargetGroups.1.Tier'],
    ],
    [
      'a new member of stickiness',
      members(forwardXml(1, 1, sticky.replace('<Enabled>', '<Scope>all</Scope><Enabled>'))),
      ['1.ForwardConfig.TargetGroupStickinessConfig.Scope'],
    ],
    [
      'a new member of a login',
      members(oidc.replace('<ClientId>', '<Pkce>true</Pkce><ClientId>'), forwardXml(1, 1, '', 2)),
      ['1.AuthenticateOidcConfig.Pkce'],
    ],
    [
      'an attribute',
      members(forwardXml(1, 1).replace('<ForwardConfig>', '<ForwardConfig version="2">')),
      ['1.ForwardConfig.@version'],
    ],
    [
      'something beside the members of a list',
      members(forwardXml(1, 1).replace('<TargetGroups>', '<TargetGroups><Else/>')),
      ['1.ForwardConfig.TargetGroups.Else'],
    ],
  ])('is seen when it is %s, and no write takes it away', async (_what, actions, unknown) => {
    aws.on('DescribeRules', rulesReply('DescribeRules', actions));
    const read = await readRule();

    expect(read.document.unknown).toEqual(unknown);
    await expect(port.writeWeights(access, read, weights)).rejects.toMatchObject({
      code: 'UnknownActionMember',
      kind: 'terminal',
      ambiguous: false,
      message: expect.stringContaining(unknown.join(', ')),
    });
    expect(aws.received('ModifyRule')).toHaveLength(0);
  });

  it('is seen in a listener, and in the default action among its rules', async () => {
    const actions = members(forwardXml(1, 1, '<FailoverConfig/>'));
    aws.on('DescribeListeners', listenersReply('DescribeListeners', actions));
    aws.on('DescribeRules', rulesReply('DescribeRules', actions, '<IsDefault>true</IsDefault>'));

    for (const request of [
      { kind: 'listeners', listenerArns: [listenerArn] },
      { kind: 'rulesOf', listenerArn },
    ] as const) {
      const reads = await port.readActions(access, request);
      expect(reads.get(listenerArn)).toMatchObject({ document: { unknown: ['1.ForwardConfig.FailoverConfig'] } });
    }
  });

  it('is seen in the reply to a write, before the next one', async () => {
    aws.on('DescribeRules', rulesReply('DescribeRules', forwardsXml(1, 1)));
    aws.on('ModifyRule', rulesReply('ModifyRule', members(forwardXml(500, 500, '<FailoverConfig/>'))));

    const { live } = await port.writeWeights(access, await readRule(), weights);
    expect(live?.document.unknown).toEqual(['1.ForwardConfig.FailoverConfig']);
  });
});

describe('a reply without a bound', () => {
  it('is not read to its end, and fails', async () => {
    aws.on('DescribeRules', awsResult('DescribeRules', `<Rules>${' '.repeat(17 * 1024 * 1024)}</Rules>`));
    await expect(readRule()).rejects.toMatchObject({ code: 'ReplyTooLarge', kind: 'transient' });
  });
});
