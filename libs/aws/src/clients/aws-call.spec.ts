import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsAccess } from '@sluice/control';
import { awsError, awsResult, deferred, elbReplies, ScriptedAws } from '@sluice/testing';
import { ElbV2LoadBalancer } from '../elbv2-load-balancer.js';

const { forwardsXml, listenerArn, listenersReply, red, ruleArn, rulesReply } = elbReplies;
const role = { arn: 'arn:aws:iam::444455556666:role/sluice', externalId: 'ext-42' };
const rules = { kind: 'rules', ruleArns: [ruleArn] } as const;

let aws: ScriptedAws;
let port: ElbV2LoadBalancer;
let access: AwsAccess;
let ops: string[];

beforeEach(async () => {
  aws = await ScriptedAws.start();
  port = new ElbV2LoadBalancer();
  ops = [];
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'very-secret' };
  access = { accountId: 'a-1', region: 'eu-west-1', endpoint: aws.endpoint, credentials, role: null };
  aws.on('DescribeRules', rulesReply('DescribeRules', forwardsXml(90, 10)));
  aws.on('DescribeListeners', listenersReply('DescribeListeners', forwardsXml(90, 10)));
  aws.on('AssumeRole', assumed('2099-01-01T00:00:00Z'));
});

afterEach(async () => {
  port.close();
  await aws.stop();
});

const take = async (op: string): Promise<void> => void ops.push(op);
const sent = (): string[] => aws.requests.map(({ action }) => action);

describe('a call on a budget', () => {
  it('takes one turn for one request, and does not try a throttled read again by itself', async () => {
    aws.on('DescribeRules', awsError('Throttling', 'Rate exceeded'));

    const reads = await port.readActions(access, rules, { take });
    expect(reads.get(ruleArn)).toMatchObject({ failure: { code: 'Throttling', throttled: true, kind: 'transient' } });
    expect(ops).toEqual(['DescribeRules']);
    expect(sent()).toEqual(ops);
  });

  it('takes a turn for every page', async () => {
    aws.on('DescribeRules', ({ params }) => {
      const page = Number(params.get('Marker') ?? 0);
      const reply = rulesReply('DescribeRules', forwardsXml(90, 10));
      if (typeof reply === 'string' || page === 2) return reply;
      return { ...reply, body: reply.body.replace('</Rules>', `</Rules><NextMarker>${page + 1}</NextMarker>`) };
    });

    await port.readActions(access, { kind: 'rulesOf', listenerArn }, { take });
    expect(ops).toEqual(['DescribeRules', 'DescribeRules', 'DescribeRules']);
    expect(aws.received('DescribeRules').map(({ params }) => params.get('PageSize'))).toEqual(['400', '400', '400']);
    expect(sent()).toEqual(ops);
  });

  it('takes a turn for the role, once, and for the call after expired credentials', async () => {
    await port.readActions({ ...access, role }, rules, { take });
    await port.readActions({ ...access, role }, rules, { take });
    expect(ops).toEqual(['DescribeRules', 'AssumeRole', 'DescribeRules']);

    let asked = 0;
    aws.on('DescribeRules', () => {
      asked += 1;
      return asked === 1 ? awsError('ExpiredToken', 'expired', 403) : rulesReply('DescribeRules', forwardsXml(90, 10));
    });
    ops = [];
    await port.readActions({ ...access, role }, rules, { take });
    expect(ops).toEqual(['DescribeRules', 'DescribeRules', 'AssumeRole']);
  });

  it('does not ask STS again by itself', async () => {
    aws.on('AssumeRole', awsError('Throttling', 'Rate exceeded'));
    const reads = await port.readActions({ ...access, role }, rules, { take });
    expect(reads.get(ruleArn)).toMatchObject({ failure: { throttled: true } });
    expect(sent()).toEqual(['AssumeRole']);

    await port.readActions({ ...access, role }, rules);
    expect(sent()).toHaveLength(1 + 3);
  });

  it('assumes the role anew shortly before its credentials run out', async () => {
    aws.on('AssumeRole', assumed(new Date(Date.now() + 240_000).toISOString()));
    await port.targetHealth({ ...access, role }, red, { take }).catch(() => undefined);
    await port.targetHealth({ ...access, role }, red, { take }).catch(() => undefined);
    expect(ops.filter((op) => op === 'AssumeRole')).toHaveLength(2);
  });

  it('sends nothing before its turn, and nothing when the turn comes after the deadline', async () => {
    const turn = deferred<void>();
    const late = port.readActions(access, rules, { take: () => turn.promise, timeoutMs: 30 });

    expect((await late).get(ruleArn)).toMatchObject({
      failure: {
        code: 'Timeout',
        kind: 'transient',
        ambiguous: false,
        message: expect.stringMatching(/^Waiting in the API budget for DescribeRules/),
      },
    });
    turn.resolve();
    expect(sent()).toEqual([]);
  });

  it('never leaves a write in doubt that waited for its turn too long', async () => {
    const base = { routeArn: ruleArn, document: { actions: [{ Type: 'forward', TargetGroupArn: red }], unknown: [] } };
    const never = new Promise<void>(() => undefined);

    const write = port.writeWeights(access, base, [{ targetGroupArn: red, weight: 1 }], {
      take: () => never,
      timeoutMs: 30,
    });
    await expect(write).rejects.toMatchObject({ code: 'Timeout', ambiguous: false });
    expect(sent()).toEqual([]);
  });

  it('sends no write after the end of a lease, though it was told that there was time', async () => {
    const base = { routeArn: ruleArn, document: { actions: [{ Type: 'forward', TargetGroupArn: red }], unknown: [] } };
    const wasStopped = { timeoutMs: 1_000, sendBefore: performance.now() - 1 };

    const write = port.writeWeights(access, base, [{ targetGroupArn: red, weight: 1 }], wasStopped);
    await expect(write).rejects.toThrow(/the deadline passed before anything was sent/);
    expect(sent()).toEqual([]);
  });

  it('ends with the budget’s own error when that gives no turn', async () => {
    const closing = new Error('the gateway closes');
    await expect(port.identity(access, { take: () => Promise.reject(closing) })).rejects.toBe(closing);
    await expect(port.readActions(access, rules, { take: () => Promise.reject(closing) })).rejects.toBe(closing);
  });
});

function assumed(expiration: string) {
  const credentials = `<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>temporary</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration>`;
  return awsResult('AssumeRole', `<Credentials>${credentials}</Credentials>`);
}
