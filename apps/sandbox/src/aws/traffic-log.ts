/** One call of a user, reads too, as it went. */
export interface SeenCall {
  /** Grows by one with each call that was answered. */
  readonly seq: number;
  /** When it arrived, and when it was answered. */
  readonly atMs: number;
  readonly doneMs: number;
  readonly account: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly action: string;
  readonly mutates: boolean;
  readonly throttled: boolean;
  /** As in the request log of mutating calls. */
  readonly outcome: string;
  /** What it was about: the ARNs that the call names outside its actions. */
  readonly subjects: readonly string[];
  /** Of a forward action that it writes: weight by target group. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The newest calls of users in memory, for whoever counts them; the oldest make room. */
export class TrafficLog {
  private readonly kept: SeenCall[] = [];
  private last = 0;

  constructor(private readonly max = 100_000) {}

  add(call: Omit<SeenCall, 'seq'>): void {
    this.kept.push({ seq: (this.last += 1), ...call });
    // in blocks, as taking from the front moves everything behind it
    if (this.kept.length > this.max * 1.1) this.kept.splice(0, this.kept.length - this.max);
  }

  /** Those after `seq`, oldest first, at most `limit`; `lost` = how many after it made room already. */
  after(seq: number, limit: number): { calls: readonly SeenCall[]; next: number; lost: number } {
    const first = this.kept[0]?.seq ?? this.last + 1;
    const from = Math.max(0, seq + 1 - first);
    const calls = this.kept.slice(from, from + limit);
    return { calls, next: calls.at(-1)?.seq ?? Math.max(seq, this.last), lost: Math.max(0, first - seq - 1) };
  }
}

const maxSubjects = 100;

export function subjectsOf(form: URLSearchParams): string[] {
  return [...form]
    .filter(([key, value]) => /^\w*Arns?(\.member\.\d+)?$/.test(key) && value.startsWith('arn:'))
    .slice(0, maxSubjects)
    .map(([, arn]) => arn);
}

export function weightsOf(form: URLSearchParams): Record<string, number> | undefined {
  const found = [...form].flatMap(([key, arn]): [string, number][] => {
    const tuple = /^(\w+\.member\.\d+\.ForwardConfig\.TargetGroups\.member\.\d+)\.TargetGroupArn$/.exec(key)?.[1];
    return tuple === undefined ? [] : [[arn, Number(form.get(`${tuple}.Weight`) ?? 1)]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
