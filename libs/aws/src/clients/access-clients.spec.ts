import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsAccess } from '@sluice/control';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { awsError, awsResult, deferred, members, ScriptedAws, type AwsReply, type AwsRequest } from '@sluice/testing';
import { ElbV2LoadBalancer } from '../elbv2-load-balancer.js';
import { AccessClients, type AccountClients } from './access-clients.js';
import type { KeptClients } from './kept-clients.js';

const targetGroupArn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/red/73e2d6bc24d8a067';
const role = { arn: 'arn:aws:iam::444455556666:role/sluice', externalId: 'ext-42' };

let aws: ScriptedAws;
let port: ElbV2LoadBalancer;
let access: AwsAccess;

beforeEach(async () => {
  aws = await ScriptedAws.start();
  port = new ElbV2LoadBalancer();
  access = {
    accountId: 'a-1',
    region: 'eu-west-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIAGIVEN', secretAccessKey: 'given' },
    role: null,
  };
  aws.on(
    'DescribeTargetHealth',
    awsResult('DescribeTargetHealth', `<TargetHealthDescriptions>${members()}</TargetHealthDescriptions>`),
  );
  aws.on('AssumeRole', ({ params }) => assumed(params, aws.received('AssumeRole').length));
});

afterEach(async () => {
  port.close();
  await aws.stop();
});

describe('how an account is reached', () => {
  it('is with its own key and Region, whatever AWS_* says', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT',
      AWS_SECRET_ACCESS_KEY: 'env',
      AWS_SESSION_TOKEN: 'env',
      AWS_REGION: 'us-east-1',
      AWS_PROFILE: 'nobody',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2: 'http://127.0.0.1:9',
      AWS_MAX_ATTEMPTS: '0',
      AWS_RETRY_MODE: 'nonsense',
      AWS_USE_FIPS_ENDPOINT: 'nonsense',
      AWS_USE_DUALSTACK_ENDPOINT: 'nonsense',
      AWS_DEFAULTS_MODE: 'nonsense',
    };
    await withEnvironment(env, async () => {
      await port.targetHealth(access, targetGroupArn);
      await port.targetHealth({ ...access, role }, targetGroupArn);
    });

    expect(aws.requests.map(signer)).toEqual(['AKIAGIVEN eu-west-1', 'AKIAGIVEN eu-west-1', 'ASIA1 eu-west-1']);
  });

  it('is by its role, assumed once with the external id, at the same endpoint', async () => {
    await port.targetHealth({ ...access, role }, targetGroupArn);
    await port.targetHealth({ ...access, role }, targetGroupArn);

    expect(aws.received('AssumeRole')).toHaveLength(1);
    expect(Object.fromEntries(aws.received('AssumeRole')[0]?.params ?? [])).toMatchObject({
      RoleArn: role.arn,
      ExternalId: 'ext-42',
      RoleSessionName: 'sluice',
    });
    expect(aws.received('DescribeTargetHealth').map(signer)).toEqual(['ASIA1 eu-west-1', 'ASIA1 eu-west-1']);
  });

  it('never mixes two accounts, and takes a corrected secret at once', async () => {
    await port.targetHealth(access, targetGroupArn);
    await port.targetHealth(
      { ...access, region: 'us-west-2', credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' } },
      targetGroupArn,
    );
    await port.targetHealth(
      { ...access, credentials: { accessKeyId: 'AKIAGIVEN', secretAccessKey: 'corrected' } },
      targetGroupArn,
    );
    await port.targetHealth({ ...access, role: { ...role, externalId: 'ext-43' } }, targetGroupArn);

    expect(aws.received('DescribeTargetHealth').map(signer)).toEqual([
      'AKIAGIVEN eu-west-1',
      'AKIAOTHER us-west-2',
      'AKIAGIVEN eu-west-1',
      'ASIA1 eu-west-1',
    ]);
    const [first, , third] = aws
      .received('DescribeTargetHealth')
      .map(({ authorization }) => /Signature=(\w+)/.exec(authorization)?.[1]);
    expect(first).not.toBe(third);
  });

  it('is refused without credentials unless the process may use its own', async () => {
    const ownless = { ...access, credentials: null };
    await expect(port.targetHealth(ownless, targetGroupArn)).rejects.toMatchObject({
      code: 'CredentialsMissing',
      kind: 'terminal',
    });
    expect(aws.requests).toHaveLength(0);

    const serving = new ElbV2LoadBalancer({ allowDefaultChain: true });
    await withEnvironment({ AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'env' }, () =>
      serving.targetHealth(ownless, targetGroupArn),
    );
    expect(aws.requests.map(signer)).toEqual(['AKIAENVIRONMENT eu-west-1']);
    serving.close();
  });
});

describe('temporary credentials', () => {
  it('are renewed once when AWS says that they ran out', async () => {
    aws.on('DescribeTargetHealth', (request) =>
      signer(request).startsWith('ASIA1 ')
        ? awsError('ExpiredToken', 'The security token included in the request is expired', 403)
        : awsResult('DescribeTargetHealth', '<TargetHealthDescriptions/>'),
    );

    expect(await port.targetHealth({ ...access, role }, targetGroupArn)).toMatchObject({ total: 0 });
    expect(aws.received('AssumeRole')).toHaveLength(2);
  });

  it('that stay expired are a terminal failure', async () => {
    aws.on('DescribeTargetHealth', awsError('ExpiredToken', 'expired', 403));

    await expect(port.targetHealth({ ...access, role }, targetGroupArn)).rejects.toMatchObject({
      code: 'ExpiredToken',
      kind: 'terminal',
    });
    expect(aws.received('DescribeTargetHealth')).toHaveLength(2);
  });

  it('that nobody can renew are not tried again', async () => {
    aws.on('DescribeTargetHealth', awsError('ExpiredTokenException', 'expired', 403));

    const fixed = { ...access, credentials: { accessKeyId: 'ASIAFIXED', secretAccessKey: 's', sessionToken: 't' } };
    await expect(port.targetHealth(fixed, targetGroupArn)).rejects.toMatchObject({
      code: 'ExpiredTokenException',
      kind: 'terminal',
    });
    expect(aws.received('DescribeTargetHealth')).toHaveLength(1);
  });

  it('that STS refuses fail the call with its code, before anything is written', async () => {
    aws.on('AssumeRole', awsError('AccessDenied', 'User is not authorized to perform: sts:AssumeRole', 403));

    const refused = port.deleteTargetGroup({ ...access, role }, targetGroupArn);
    await expect(refused).rejects.toMatchObject({
      code: 'AccessDenied',
      kind: 'terminal',
      ambiguous: false,
      message: expect.stringContaining('sts:AssumeRole'),
    });
    expect(aws.received('DeleteTargetGroup')).toHaveLength(0);
  });

  it('are not waited for beyond the deadline of the call, and serve the next one when they come', async () => {
    aws.on('AssumeRole', ({ params }) => (aws.received('AssumeRole').length === 1 ? 'hang' : assumed(params, 1)));

    port = new ElbV2LoadBalancer({ requestTimeoutMs: 60 });
    const late = port.deleteTargetGroup({ ...access, role }, targetGroupArn, { timeoutMs: 40 });
    await expect(late).rejects.toMatchObject({ code: 'Timeout', kind: 'transient', ambiguous: false });
    expect(aws.received('DeleteTargetGroup')).toHaveLength(0);
    expect(await port.targetHealth({ ...access, role }, targetGroupArn)).toMatchObject({ total: 0 });
  });
});

describe('clients that are no longer kept', () => {
  const settings = { allowDefaultChain: false, connectTimeoutMs: 1_000, requestTimeoutMs: 2_000, maxKept: 1 };
  const health = ({ pacedReader }: AccountClients) =>
    pacedReader.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
  let clients: AccessClients;
  beforeEach(() => {
    clients = new AccessClients(settings);
  });
  afterEach(() => clients.close());

  it.each<[string, (mine: KeptClients) => void]>([
    ['pushed out by another account', () => void clients.of({ ...access, region: 'us-west-2' })],
    ['forgotten', (mine) => clients.forget(access, mine)],
  ])('%s: the call under way ends well, then every connection is closed', async (_why, putOut) => {
    const held = deferred<AwsReply>();
    const asked = deferred<void>();
    aws.on('DescribeTargetHealth', () => {
      asked.resolve();
      return held.promise;
    });
    const mine = clients.of(access);
    const call = mine.use(health);
    await asked.promise;

    putOut(mine);
    expect(clients.of(access)).not.toBe(mine);
    held.resolve(awsResult('DescribeTargetHealth', '<TargetHealthDescriptions/>'));
    await expect(call).resolves.toMatchObject({ TargetHealthDescriptions: [] });
    await aws.disconnected();
  });

  it('are not thrown away twice for one expired token', () => {
    const expired = clients.of(access);
    clients.forget(access, expired);
    const renewed = clients.of(access);
    clients.forget(access, expired);

    expect(clients.of(access)).toBe(renewed);
  });
});

/** The key that signed and the Region it signed for. */
function signer({ authorization }: AwsRequest): string {
  const [, key, region] = /Credential=(\w+)\/\d+\/([\w-]+)\//.exec(authorization) ?? [];
  return `${key} ${region}`;
}

function assumed(params: URLSearchParams, count: number) {
  const credentials = `<AccessKeyId>ASIA${count}</AccessKeyId><SecretAccessKey>temporary</SecretAccessKey><SessionToken>token-${count}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>`;
  return awsResult(
    'AssumeRole',
    `<Credentials>${credentials}</Credentials><AssumedRoleUser><Arn>${params.get('RoleArn')}</Arn><AssumedRoleId>AROA:sluice</AssumedRoleId></AssumedRoleUser>`,
  );
}

async function withEnvironment(env: Readonly<Record<string, string>>, work: () => Promise<unknown>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    await work();
  } finally {
    for (const key of Object.keys(env)) delete process.env[key];
    Object.assign(process.env, before);
  }
}
