import {
  dueAt,
  nextLook,
  periodsOf,
  subjectKinds,
  type Periods,
  type SubjectKind,
  type ToWatch,
  type WatchedSubject,
} from '@sluice/domain';
import type { Wants } from '../ports/fact-store.js';

export function subjectKey(kind: SubjectKind, accountId: string, arn: string): string {
  return `${kind} ${accountId} ${arn}`;
}

/** A route as the wants have it. */
export type WantedRoute = Wants['routes'][number];
type Wanted = Pick<WatchedSubject, 'kind' | 'accountId' | 'arn' | 'batch' | 'periodMs'>;
const nothing: Wants = { routes: [], health: [], fresh: [] };

export type Next = Pick<WatchedSubject, 'retryMs' | 'isAlone'>;

/** What a gateway looks at, how often, and when it last did. Times are monotonic ms. */
export class WatchList {
  private wants: Wants = nothing;
  private subjects = new Map<string, WatchedSubject>();
  private routes = new Map<string, WantedRoute>();
  private plannedFor = 0;
  periods: Periods;

  constructor(
    private readonly minPeriodMs: number,
    readsPerSecond: number,
  ) {
    this.periods = periodsOf(nothing, readsPerSecond, minPeriodMs);
  }

  /** `lookedAt`: when a subject was last looked at, as far as is known from before; null = never. */
  want(wants: Wants, lookedAt: (key: string) => number | null): void {
    this.wants = wants;
    this.routes = new Map(wants.routes.map((one) => [`${one.accountId} ${one.arn}`, one]));
    const before = this.subjects;
    const unseen = (key: string) => ({ lookedAt: lookedAt(key), retryMs: null, isAlone: false });
    this.subjects = new Map(
      wanted(wants, this.periods).map((one) => {
        const key = subjectKey(one.kind, one.accountId, one.arn);
        return [key, { ...(before.get(key) ?? unseen(key)), ...one }];
      }),
    );
  }

  /** How often, at the rate that AWS gives now. Accounts that nobody gets into take no reads and slow nobody. */
  plan(readsPerSecond: number, isOut: (accountId: string) => boolean): void {
    const asked: ToWatch = {
      routes: this.wants.routes.filter((one) => !isOut(one.accountId)),
      health: this.wants.health.filter((one) => !isOut(one.accountId)),
    };
    this.plannedFor = readsPerSecond;
    this.periods = periodsOf(asked, readsPerSecond, this.minPeriodMs);
    this.want(this.wants, () => null);
  }

  /** Whether the rate has moved so far that periods have to follow. */
  isOffPlan(readsPerSecond: number): boolean {
    return Math.abs(readsPerSecond - this.plannedFor) > this.plannedFor / 10;
  }

  has(kind: SubjectKind, accountId: string, arn: string): boolean {
    return this.subjects.has(subjectKey(kind, accountId, arn));
  }

  periodOf(kind: SubjectKind, accountId: string, arn: string): number {
    const known = this.subjects.get(subjectKey(kind, accountId, arn));
    return known?.periodMs ?? (kind === 'owner' ? this.periods.ownerMs : this.periods.usualMs);
  }

  /** A look that began at `at`; `retryMs` = when to look again, null = after a period. */
  looked(kind: SubjectKind, accountId: string, arn: string, at: number, next: Next): void {
    const key = subjectKey(kind, accountId, arn);
    const subject = this.subjects.get(key);
    if (!subject || (subject.lookedAt !== null && subject.lookedAt > at)) return;
    this.subjects.set(key, { ...subject, lookedAt: at, ...next });
  }

  of(accountId: string, kinds: readonly SubjectKind[] = subjectKinds): readonly WatchedSubject[] {
    return [...this.subjects.values()].filter((one) => one.accountId === accountId && kinds.includes(one.kind));
  }

  /** Those whose next look is put off. */
  waiting(): readonly WatchedSubject[] {
    return [...this.subjects.values()].filter((one) => one.retryMs !== null);
  }

  route(accountId: string, arn: string): WantedRoute | undefined {
    return this.routes.get(`${accountId} ${arn}`);
  }

  next(now: number, isFree: (subject: WatchedSubject) => boolean): readonly WatchedSubject[] {
    return nextLook([...this.subjects.values()].filter(isFree), now);
  }

  /** null = nothing is watched that `isFree`. */
  nextDueAt(isFree: (subject: WatchedSubject) => boolean): number | null {
    let least: number | null = null;
    for (const subject of this.subjects.values()) {
      if (isFree(subject)) least = Math.min(least ?? Infinity, dueAt(subject));
    }
    return least;
  }
}

function wanted({ routes, health }: Wants, periods: Periods): readonly Wanted[] {
  return [
    ...routes.flatMap(({ accountId, arn, isDefault }): Wanted[] => [
      {
        kind: 'action',
        accountId,
        arn,
        batch: `${isDefault ? 'listeners' : 'rules'} ${accountId}`,
        periodMs: periods.usualMs,
      },
      { kind: 'owner', accountId, arn, batch: `tags ${accountId}`, periodMs: periods.ownerMs },
    ]),
    ...health.map(({ accountId, targetGroupArn, as }): Wanted => {
      const periodMs = as === 'raised' ? periods.usualMs : periods.donorMs;
      return { kind: 'health', accountId, arn: targetGroupArn, batch: targetGroupArn, periodMs };
    }),
  ];
}
