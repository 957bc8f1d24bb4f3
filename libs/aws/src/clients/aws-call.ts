import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { STSClient } from '@aws-sdk/client-sts';
import type { AwsAccess, CallOptions } from '@sluice/control';
import { isExpiredToken, toExternalFailure } from '../failures/to-external-failure.js';
import type { AccessClients, AccountClients } from './access-clients.js';
import { withDeadline } from './deadline-agents.js';

/** What each request is sent with besides its input. */
interface Http {
  readonly abortSignal: AbortSignal;
}

type Send<Client, Reply> = (client: Client, http: Http) => Promise<Reply>;
type Request<Reply> = (clients: AccountClients, http: Http) => Promise<Reply>;

/** One call of the port: every request it makes to AWS ends by the same deadline, and fails as an `ExternalFailure`. */
export class AwsCall {
  private readonly deadline: AbortSignal;
  private readonly deadlineAt: number;
  private readonly signal: AbortSignal;

  constructor(
    private readonly clients: AccessClients,
    private readonly access: AwsAccess,
    private readonly options: CallOptions,
    defaultTimeoutMs: number,
  ) {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.deadlineAt = performance.now() + timeoutMs;
    this.deadline = AbortSignal.timeout(timeoutMs);
    this.signal = options.signal === undefined ? this.deadline : AbortSignal.any([this.deadline, options.signal]);
  }

  read<Reply>(operation: string, subject: string, send: Send<ElasticLoadBalancingV2Client, Reply>): Promise<Reply> {
    return this.request(operation, subject, false, ({ reader }, http) => send(reader, http));
  }

  write<Reply>(operation: string, subject: string, send: Send<ElasticLoadBalancingV2Client, Reply>): Promise<Reply> {
    return this.request(operation, subject, true, ({ writer }, http) =>
      withDeadline(this.deadlineAt, () => send(writer, http)),
    );
  }

  identity<Reply>(operation: string, subject: string, send: Send<STSClient, Reply>): Promise<Reply> {
    return this.request(operation, subject, false, ({ sts }, http) => send(sts, http));
  }

  /**
   * AWS refuses expired credentials before it looks at the call, so one more try with renewed ones is safe, also for a
   * write. Only where they can be renewed: a fixed session token stays expired.
   */
  private async request<Reply>(
    operation: string,
    subject: string,
    writes: boolean,
    send: Request<Reply>,
  ): Promise<Reply> {
    const attempt = { operation, subject, writes };
    try {
      return await this.once(attempt, send);
    } catch (failure) {
      const renewable = this.access.role !== null || this.access.credentials === null;
      if (!renewable || !isExpiredToken(failure instanceof Error ? failure.cause : undefined)) throw failure;
      this.clients.forget(this.access);
      return this.once(attempt, send);
    }
  }

  private async once<Reply>(
    attempt: { operation: string; subject: string; writes: boolean },
    send: Request<Reply>,
  ): Promise<Reply> {
    let stage: 'credentials' | 'call' = 'credentials';
    try {
      const clients = this.clients.of(this.access);
      await this.untilAborted(clients.credentials());
      stage = 'call';
      return await send(clients, { abortSignal: this.signal });
    } catch (error) {
      throw toExternalFailure(error, { ...attempt, stage, ended: this.ended() });
    }
  }

  private ended(): 'deadline' | 'caller' | null {
    if (this.options.signal?.aborted) return 'caller';
    return this.deadline.aborted ? 'deadline' : null;
  }

  /** The credential chain takes no signal of ours. */
  private async untilAborted(work: Promise<unknown>): Promise<void> {
    this.signal.throwIfAborted();
    let stop = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(new Error('aborted')); // `ended` says by whom
      this.signal.addEventListener('abort', stop, { once: true });
    });
    try {
      await Promise.race([work, aborted]);
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }
}
