import { createHash } from 'node:crypto';
import {
  ElasticLoadBalancingV2Client,
  type ElasticLoadBalancingV2ClientConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { ExternalFailure, type AwsAccess } from '@sluice/control';
import { boundReplies } from './replies.js';
import { keepSocketErrors } from './socket-errors.js';
import { DeadlineHttpAgent, DeadlineHttpsAgent } from './deadline-agents.js';

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
  /** Resolves, and where a role is assumed renews, the credentials; throws the SDK's error. */
  readonly credentials: () => Promise<unknown>;
}

export interface ClientSettings {
  /** Whether `credentials: null` may mean the process's own chain (environment, profile, instance role). */
  readonly allowDefaultChain: boolean;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Enough for every account of a large installation; beyond it the oldest entry is made anew on its next use. */
const maxKept = 256;
const readAttempts = 3;

/** Clients by how an account is reached, so that two accounts never share credentials and one account never opens two pools. */
export class AccessClients {
  private readonly kept = new Map<string, AccountClients>();

  constructor(private readonly settings: ClientSettings) {}

  /** @throws ExternalFailure terminal `CredentialsMissing` */
  of(access: AwsAccess): AccountClients {
    const key = keyOf(access);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const made = this.make(access);
    this.kept.set(key, made);
    if (this.kept.size > maxKept) this.kept.delete([...this.kept.keys()][0] ?? '');
    return made;
  }

  /** Forgets clients whose credentials AWS no longer takes; the next use resolves new ones. */
  forget(access: AwsAccess): void {
    this.kept.delete(keyOf(access));
  }

  /** Closes every connection. */
  close(): void {
    for (const { credentials: _keptElsewhere, ...clients } of this.kept.values())
      for (const client of Object.values(clients)) client.destroy();
    this.kept.clear();
  }

  private make(access: AwsAccess): AccountClients {
    const elb = (credentials: Credentials, maxAttempts: number, requestHandler: object) =>
      new ElasticLoadBalancingV2Client({
        ...this.common(access),
        ...this.elbEndpoint(access),
        requestHandler,
        credentials,
        maxAttempts,
      });
    const sts = (credentials: Credentials, maxAttempts: number) =>
      new STSClient({ ...this.common(access), ...this.stsEndpoint(access), credentials, maxAttempts });
    const reader = elb(this.source(access), readAttempts, this.sockets());
    const shared = reader.config.credentials;
    const clients = {
      reader,
      pacedReader: elb(shared, 1, reader.config.requestHandler),
      writer: elb(shared, 1, {
        ...this.sockets(),
        httpAgent: new DeadlineHttpAgent(),
        httpsAgent: new DeadlineHttpsAgent(),
      }),
      sts: sts(shared, readAttempts),
      pacedSts: sts(shared, 1),
    };
    for (const client of Object.values(clients)) {
      client.middlewareStack.use(keepSocketErrors);
      client.middlewareStack.use(boundReplies);
    }
    return { ...clients, credentials: () => shared() };
  }

  private source(access: AwsAccess): Credentials {
    const base = this.baseCredentials(access);
    if (access.role === null) return base;
    return fromTemporaryCredentials({
      masterCredentials: base,
      params: { RoleArn: access.role.arn, ExternalId: access.role.externalId, RoleSessionName: 'sluice' },
      clientConfig: { ...this.common(access), ...this.stsEndpoint(access), maxAttempts: readAttempts },
    });
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
      requestHandler: this.sockets(),
    };
  }

  private sockets() {
    return {
      connectionTimeout: this.settings.connectTimeoutMs,
      requestTimeout: this.settings.requestTimeoutMs,
      throwOnRequestTimeout: true, // without it `requestTimeout` only warns
    };
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
