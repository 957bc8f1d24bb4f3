import { createHash } from 'node:crypto';
import {
  ElasticLoadBalancingV2Client,
  type ElasticLoadBalancingV2ClientConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, MiddlewareStack } from '@smithy/types';
import { ExternalFailure, type AwsAccess } from '@sluice/control';
import { LRUCache } from 'lru-cache';
import { freshAgents, keepingAgents, type AgentPair } from './agents.js';
import { unreadableReply } from './paging.js';
import { Renewed } from './renewed.js';
import { boundReplies } from './replies.js';
import { keepSocketErrors } from './socket-errors.js';
import { KeptClients } from './kept-clients.js';

type Credentials = NonNullable<ElasticLoadBalancingV2ClientConfig['credentials']>;

/** The clients of one way of reaching an account. They share one set of credentials. */
export interface AccountClients {
  /** Retries a little: reading twice does no harm. */
  readonly reader: ElasticLoadBalancingV2Client;
  /** The same, for a caller that paces every request: never retries. */
  readonly pacedReader: ElasticLoadBalancingV2Client;
  /** Never retries: a blind second Modify could apply an intent that is no longer wanted. */
  readonly writer: ElasticLoadBalancingV2Client;
  readonly sts: STSClient;
  readonly pacedSts: STSClient;
  /**
   * Resolves, and where a role is assumed renews, the credentials; throws the SDK's error. `take` is awaited before a
   * request to STS.
   */
  readonly credentials: (take?: (op: string) => Promise<void>) => Promise<unknown>;
  /** Closes every connection, those of requests under way too. */
  readonly destroy: () => void;
}

export interface ClientSettings {
  /** Whether `credentials: null` may mean the process's own chain (environment, profile, instance role). */
  readonly allowDefaultChain: boolean;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How many ways of reaching an account are kept at once; beyond it the longest unused is closed and made anew on its next use. Default 256. */
  readonly maxKept?: number;
}

const readAttempts = 3;

/** Clients by how an account is reached, so that two accounts never share credentials and one account never opens two pools. */
export class AccessClients {
  private readonly kept: LRUCache<string, KeptClients>;

  constructor(private readonly settings: ClientSettings) {
    this.kept = new LRUCache({ max: settings.maxKept ?? 256, dispose: (clients) => clients.retire() });
  }

  /** @throws ExternalFailure terminal `CredentialsMissing` */
  of(access: AwsAccess): KeptClients {
    const key = keyOf(access);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const made = new KeptClients(this.make(access));
    this.kept.set(key, made);
    return made;
  }

  /** Closes clients whose credentials AWS no longer takes, once their calls have ended; the next use makes new ones. */
  forget(access: AwsAccess, clients: KeptClients): void {
    const key = keyOf(access);
    if (this.kept.peek(key) === clients) this.kept.delete(key); // somebody else may have renewed them already
  }

  /** Closes every connection. */
  close(): void {
    for (const clients of this.kept.values()) clients.destroy();
    this.kept.clear();
  }

  private make(access: AwsAccess): AccountClients {
    const keeping = keepingAgents(this.settings.connectTimeoutMs);
    const fresh = freshAgents(this.settings.connectTimeoutMs);
    const shared = this.sockets(keeping);
    const { credentials, provide } = this.credentials(access, shared);
    const elb = (maxAttempts: number, sockets: NodeHttpHandler) => this.elb(access, provide, sockets, maxAttempts);
    const clients = {
      reader: elb(readAttempts, shared),
      pacedReader: elb(1, shared),
      writer: elb(1, this.sockets(fresh)),
      sts: this.sts(access, provide, shared, readAttempts),
      pacedSts: this.sts(access, provide, shared, 1),
    };
    return {
      ...clients,
      credentials,
      destroy: () => {
        for (const client of Object.values(clients)) client.destroy();
        for (const { httpAgent, httpsAgent } of [keeping, fresh]) {
          httpAgent.destroy();
          httpsAgent.destroy();
        }
      },
    };
  }

  /** The credentials to sign with, for the clients (`provide`) and for who wants to wait for them. */
  private credentials(
    access: AwsAccess,
    sockets: NodeHttpHandler,
  ): { provide: Credentials; credentials: AccountClients['credentials'] } {
    const base = this.baseCredentials(access);
    if (access.role === null)
      return { provide: base, credentials: async () => (typeof base === 'function' ? base() : base) };
    const { role } = access;
    const assume = (maxAttempts: number) => {
      const sts = this.sts(access, base, sockets, maxAttempts);
      return () => assumeRole(sts, role);
    };
    const kept = new Renewed<AwsCredentialIdentity>();
    const [patient, once] = [assume(readAttempts), assume(1)];
    return {
      provide: () => kept.get(once),
      credentials: async (take) => {
        if (!kept.fresh) await take?.('AssumeRole');
        return kept.get(take === undefined ? patient : once);
      },
    };
  }

  private elb(access: AwsAccess, credentials: Credentials, requestHandler: NodeHttpHandler, maxAttempts: number) {
    const own = { requestHandler, credentials, maxAttempts };
    const client = new ElasticLoadBalancingV2Client({ ...this.common(access), ...this.elbEndpoint(access), ...own });
    guard(client.middlewareStack);
    return client;
  }

  private sts(access: AwsAccess, credentials: Credentials, requestHandler: NodeHttpHandler, maxAttempts: number) {
    const own = { requestHandler, credentials, maxAttempts };
    const client = new STSClient({ ...this.common(access), ...this.stsEndpoint(access), ...own });
    guard(client.middlewareStack);
    return client;
  }

  private baseCredentials(access: AwsAccess): Credentials {
    if (access.credentials !== null) return access.credentials;
    if (this.settings.allowDefaultChain) return fromNodeProviderChain({ clientConfig: { region: access.region } });
    throw new ExternalFailure({
      system: 'aws',
      kind: 'terminal',
      code: 'CredentialsMissing',
      message: `Account ${access.accountId} has no credentials, and this process may not use its own. Give the account an access key.`,
    });
  }

  /** Everything that the SDK would otherwise look up in AWS_* variables or ~/.aws is said here. */
  private common(access: AwsAccess) {
    return {
      region: access.region,
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      retryMode: 'standard',
      defaultsMode: 'standard' as const,
      userAgentAppId: 'sluice',
      authSchemePreference: ['sigv4'],
    };
  }

  /** The agents time the connecting; here it would count the wait for a socket, too. */
  private sockets(agents: AgentPair): NodeHttpHandler {
    return new NodeHttpHandler({
      ...agents,
      requestTimeout: this.settings.requestTimeoutMs,
      throwOnRequestTimeout: true, // without it `requestTimeout` only warns
    });
  }

  private elbEndpoint(access: AwsAccess): { endpoint: string } {
    return {
      endpoint:
        access.endpoint ?? regionalUrl(new ElasticLoadBalancingV2Client({ region: access.region }), access.region),
    };
  }

  private stsEndpoint(access: AwsAccess): { endpoint: string } {
    return { endpoint: access.endpoint ?? regionalUrl(new STSClient({ region: access.region }), access.region) };
  }
}

async function assumeRole(sts: STSClient, role: NonNullable<AwsAccess['role']>): Promise<AwsCredentialIdentity> {
  const { Credentials: lent } = await sts.send(
    new AssumeRoleCommand({ RoleArn: role.arn, ExternalId: role.externalId, RoleSessionName: 'sluice' }),
  );
  if (lent?.AccessKeyId === undefined || lent.SecretAccessKey === undefined)
    throw unreadableReply('AssumeRole', role.arn, 'credentials');
  return {
    accessKeyId: lent.AccessKeyId,
    secretAccessKey: lent.SecretAccessKey,
    ...(lent.SessionToken !== undefined && { sessionToken: lent.SessionToken }),
    ...(lent.Expiration !== undefined && { expiration: lent.Expiration }),
  };
}

function guard<Input extends object, Output extends object>(stack: MiddlewareStack<Input, Output>): void {
  keepSocketErrors(stack);
  boundReplies(stack);
}

interface Resolver {
  readonly config: {
    endpointProvider(params: { Region: string; UseFIPS: boolean; UseDualStack: boolean }): { url: URL };
  };
}

/** AWS's own public endpoint of the Region by the SDK's rules, which know the partitions; no variable can redirect it. */
function regionalUrl(client: Resolver, region: string): string {
  return client.config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false }).url.href;
}

function keyOf(access: AwsAccess): string {
  const secret = createHash('sha256')
    .update(`${access.credentials?.secretAccessKey}\n${access.credentials?.sessionToken}`)
    .digest('hex');
  return JSON.stringify([
    access.endpoint,
    access.region,
    access.credentials?.accessKeyId,
    secret,
    access.role?.arn,
    access.role?.externalId,
  ]);
}
