import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { STSClient } from '@aws-sdk/client-sts';
import type { AwsAccess, CallOptions } from '@sluice/control';
import { isExpiredToken, toExternalFailure, type Attempt } from '../failures/to-external-failure.js';
import type { AccessClients, AccountClients } from './access-clients.js';
import { withDeadline } from './agents.js';
import type { KeptClients } from './kept-clients.js';

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
    this.deadlineAt = Math.min(performance.now() + timeoutMs, options.sendBefore ?? Infinity);
    this.deadline = AbortSignal.timeout(timeoutMs);
    this.signal = options.signal === undefined ? this.deadline : AbortSignal.any([this.deadline, options.signal]);
  }

  read<Reply>(operation: string, subject: string, send: Send<ElasticLoadBalancingV2Client, Reply>): Promise<Reply> {
    return this.request(operation, subject, false, (clients, http) =>
      send(this.paced ? clients.pacedReader : clients.reader, http),
    );
  }

  write<Reply>(operation: string, subject: string, send: Send<ElasticLoadBalancingV2Client, Reply>): Promise<Reply> {
    return this.request(operation, subject, true, ({ writer }, http) =>
      withDeadline(this.deadlineAt, () => send(writer, http)),
    );
  }

  identity<Reply>(operation: string, subject: string, send: Send<STSClient, Reply>): Promise<Reply> {
    return this.request(operation, subject, false, (clients, http) =>
      send(this.paced ? clients.pacedSts : clients.sts, http),
    );
  }

  /** Whether every request is to be taken from a budget: then the SDK may not send one by itself. */
  private get paced(): boolean {
    return this.options.take !== undefined;
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
    const what = { operation, subject, writes };
    const used: { clients?: KeptClients } = {};
    try {
      return await this.once(what, send, used);
    } catch (failure) {
      const renewable = this.access.role !== null || this.access.credentials === null;
      if (!renewable || !isExpiredToken(failure instanceof Error ? failure.cause : undefined)) throw failure;
      if (used.clients !== undefined) this.clients.forget(this.access, used.clients);
      return this.once(what, send, used);
    }
  }

  private async once<Reply>(
    what: Omit<Attempt, 'stage' | 'ended'>,
    send: Request<Reply>,
    used: { clients?: KeptClients },
  ): Promise<Reply> {
    let stage: Attempt['stage'] = 'budget';
    try {
      await this.taken(what.operation);
      stage = 'credentials';
      used.clients = this.clients.of(this.access);
      return await used.clients.use(async (clients) => {
        await this.untilEnded(() => clients.credentials(this.paced ? (op) => this.taken(op) : undefined));
        stage = 'call';
        return send(clients, { abortSignal: this.signal });
      });
    } catch (error) {
      if (error instanceof BudgetRefused) throw error.cause;
      throw toExternalFailure(error, { ...what, stage, ended: this.ended() });
    }
  }

  /** Waits for the budget, at most until the call ends. */
  private async taken(op: string): Promise<void> {
    const { take } = this.options;
    await this.untilEnded(async () => {
      try {
        await take?.(op);
      } catch (cause) {
        throw new BudgetRefused('the budget gave no turn', { cause });
      }
    });
  }

  private ended(): 'deadline' | 'caller' | null {
    if (this.options.signal?.aborted) return 'caller';
    return this.deadline.aborted ? 'deadline' : null;
  }

  /** For work that takes no signal of ours. */
  private async untilEnded(work: () => Promise<unknown>): Promise<void> {
    if (this.signal.aborted) throw new CallEnded();
    let stop = (): void => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(new CallEnded());
      this.signal.addEventListener('abort', stop, { once: true });
    });
    try {
      await Promise.race([work(), ended]);
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }
}

/** The call's deadline passed, or its caller gave up; `ended` says which. */
class CallEnded extends Error {}

/** The budget's own word, not AWS's: it is passed on to the caller as it is. */
class BudgetRefused extends Error {}
