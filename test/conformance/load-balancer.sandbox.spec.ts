import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeLoadBalancerContract, type LoadBalancerPeer, type PeerFaults } from '@sluice/testing';
import { wirePeer } from './load-balancer-wire-peer.js';

const writes = ['ModifyListener', 'ModifyRule'];
const role = { arn: 'arn:aws:iam::111122223333:role/sluice', externalId: 'external-id-of-ours' };

describeLoadBalancerContract('the sandbox', startSandbox);

describe('an account of the sandbox that is reached by a role', () => {
  let peer: LoadBalancerPeer;
  beforeAll(async () => {
    peer = await startSandbox();
  });
  afterAll(() => peer.close());

  it('answers as the role when the external id is right', async () => {
    const checked = await peer.port.check({ ...peer.access, role });
    expect(checked).toMatchObject({
      accountId: '111122223333',
      arn: expect.stringContaining(':assumed-role/sluice/sluice'),
    });
  });

  it('refuses with AccessDenied when the external id is wrong', async () => {
    const check = peer.port.check({ ...peer.access, role: { ...role, externalId: 'guessed' } });
    await expect(check).rejects.toMatchObject({ name: 'ExternalFailure', code: 'AccessDenied', kind: 'terminal' });
  });

  it('refuses a wrong secret with AWS’s own code', async () => {
    const check = peer.port.check({
      ...peer.access,
      credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'wrong' },
    });
    await expect(check).rejects.toMatchObject({ code: 'InvalidClientTokenId', kind: 'terminal' });
  });
});

/** The sandbox's AWS as a process of its own (built: `npm run build`), reached over its wire protocol only. */
async function startSandbox(): Promise<LoadBalancerPeer> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-contract-'));
  const main = path.resolve('apps/sandbox/dist/main.js');
  const options = ['--parts', 'aws,data-plane', '--dir', dir, '--role', `${role.arn}=${role.externalId}`];
  const child = spawn(process.execPath, [main, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  await ready(child);
  const { aws, control } = JSON.parse(await readFile(path.join(dir, 'access.json'), 'utf8')) as SandboxAccess; // the sandbox writes it so
  const { endpoint, region, accessKeyId, secretAccessKey } = aws;
  const access = { accountId: 'sandbox', region, endpoint, credentials: { accessKeyId, secretAccessKey }, role: null };
  return wirePeer(access, faultsOf(control), async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await rm(dir, { recursive: true, force: true });
  });
}

interface SandboxAccess {
  readonly control: string;
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('the sandbox has no output to read');
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('sandbox ready')) return;
  throw new Error('the sandbox ended before it was ready; its reason is above');
}

function faultsOf(control: string): PeerFaults {
  const set = async (name: string, body: object): Promise<void> => {
    const answer = await fetch(`${control}/faults/${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`the sandbox refused the fault ${name}: ${await answer.text()}`);
  };
  return {
    throttleNextWrite: () => set('aws.throttle', { probability: 1, actions: writes }),
    failNextWriteBeforeEffect: () => set('aws.serverError', { probability: 1, actions: writes }),
    dropNextReply: () => set('aws.successThenTimeout', { count: 1, actions: writes }),
    showNewerActions: () => set('aws.newerActions', {}),
    none: async () => {
      await fetch(`${control}/faults`, { method: 'DELETE' });
    },
  };
}
