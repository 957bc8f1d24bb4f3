import type { Bucket } from './call.js';
import { type BucketSize, type BucketSizes, generousBuckets, realBuckets, TokenBuckets } from './token-buckets.js';

export type LimitsName = 'generous' | 'real';
type Metered = Exclude<Bucket, 'none'>;

/** What an account gets: its buckets, and how long each kind of call waits before it is looked at. */
interface AccountLimits {
  readonly sizes: BucketSizes;
  readonly latencyMs: Readonly<Partial<Record<Metered, number>>>;
}

export type SetLimits = { kind: 'set' } | { kind: 'refused'; detail: string };

const kinds: readonly Metered[] = ['describe', 'modify', 'register'];
const fields = ['account', 'limits', 'speed', 'latencyMs'];

/** The limits of every account: those of the start until others are set, for one account or for all of them. */
export class Limits {
  private readonly ofAccount = new Map<string, AccountLimits>();
  private buckets = new TokenBuckets();
  private usual: AccountLimits;

  constructor(sizes: BucketSizes) {
    this.usual = { sizes, latencyMs: {} };
  }

  /** Whether there was a token for the call; calls of EC2 and STS need none. */
  take(account: string, regionName: string, bucket: Bucket, nowMs: number): boolean {
    return (
      bucket === 'none' ||
      this.buckets.take(`${account}/${regionName}/${bucket}`, this.of(account).sizes[bucket], nowMs)
    );
  }

  latencyMs(account: string, bucket: Bucket): number {
    return bucket === 'none' ? 0 : (this.of(account).latencyMs[bucket] ?? 0);
  }

  /**
   * Sets what a JSON body says: `{account?, limits?, speed?, latencyMs?}`. `limits` is `generous` (default), `real`, or
   * `{describe, modify, register}` with `{burst, perSecond}` each; `speed` multiplies the rates, not the bursts; `latencyMs`
   * is `{describe?, modify?, register?}`. Without `account` it is for all accounts, and what was set for single ones is
   * forgotten. Every bucket starts full again.
   */
  set(body: unknown): SetLimits {
    if (!isRecord(body)) return refused('the body must be a JSON object');
    const unknown = Object.keys(body).find((key) => !fields.includes(key));
    if (unknown !== undefined) return refused(`${unknown}: there is no such field; there are ${fields.join(', ')}`);
    const { account, limits = 'generous', speed = 1, latencyMs = {} } = body;
    if (account !== undefined && !(typeof account === 'string' && /^\d{12}$/.test(account)))
      return refused('account: must be 12 digits');
    if (!isPositive(speed)) return refused('speed: must be a number above 0');
    const sizes = sizesOf(limits);
    if (sizes === undefined)
      return refused('limits: must be generous, real, or {describe, modify, register} with {burst, perSecond} each');
    if (!isLatencies(latencyMs))
      return refused('latencyMs: must be {describe?, modify?, register?} in milliseconds, 0 to 600000');
    this.use(account, { sizes: atSpeed(sizes, speed), latencyMs });
    return { kind: 'set' };
  }

  private use(account: string | undefined, limits: AccountLimits): void {
    this.buckets = new TokenBuckets();
    if (account !== undefined) {
      this.ofAccount.set(account, limits);
      return;
    }
    this.ofAccount.clear();
    this.usual = limits;
  }

  private of(account: string): AccountLimits {
    return this.ofAccount.get(account) ?? this.usual;
  }
}

export function bucketsOf(name: LimitsName): BucketSizes {
  return name === 'real' ? realBuckets : generousBuckets;
}

export function atSpeed(sizes: BucketSizes, speed: number): BucketSizes {
  const faster = ({ burst, perSecond }: BucketSize): BucketSize => ({ burst, perSecond: perSecond * speed });
  return { describe: faster(sizes.describe), modify: faster(sizes.modify), register: faster(sizes.register) };
}

function sizesOf(limits: unknown): BucketSizes | undefined {
  if (limits === 'generous' || limits === 'real') return bucketsOf(limits);
  if (!isRecord(limits)) return undefined;
  const { describe, modify, register } = limits;
  return isSize(describe) && isSize(modify) && isSize(register) ? { describe, modify, register } : undefined;
}

function isSize(value: unknown): value is BucketSize {
  return isRecord(value) && isPositive(value['burst']) && isPositive(value['perSecond']);
}

function isLatencies(value: unknown): value is AccountLimits['latencyMs'] {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([kind, ms]) => kinds.some((known) => known === kind) && typeof ms === 'number' && ms >= 0 && ms <= 600_000,
    )
  );
}

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (detail: string): SetLimits => ({ kind: 'refused', detail });
