import { randomUUID } from 'node:crypto';
import {
  GatewayStore,
  defaultApiBudget,
  type ApiBudget,
  type GatewayFence,
  type GatewayGrant,
  type GatewayTerms,
  type Handover,
  type Spread,
} from '@sluice/control';

interface Row {
  readonly gatewayId: string;
  readonly accounts: { readonly id: string; readonly budget: Partial<ApiBudget> }[];
  owner: string | null;
  epoch: bigint;
  grantId: string | null;
  leaseUntil: number;
  writesFrom: number;
  inFlight: readonly string[] | null;
}

/** Leases in memory, by a clock of a test's own; `told` is called where Postgres would notify. */
export class InMemoryGatewayStore extends GatewayStore {
  private readonly rows = new Map<string, Row>();
  private readonly replicas = new Map<string, number>();
  /** Every statement fails with this while it is set: the database is away. */
  failing: Error | null = null;
  told: () => void = () => undefined;

  constructor(private readonly now: () => number) {
    super();
  }

  /** An account behind a gateway, which is made if it isn't there. */
  account(gatewayId: string, budget: Partial<ApiBudget> = {}): void {
    const row = this.rows.get(gatewayId) ?? newRow(gatewayId);
    row.accounts.push({ id: `acc_${gatewayId}_${row.accounts.length + 1}`, budget });
    this.rows.set(gatewayId, row);
  }

  async claim(owner: string, leaseMs: number, waitOutMs: number, most: number): Promise<readonly GatewayGrant[]> {
    await this.reached();
    const free = [...this.rows.values()].filter((row) => row.accounts.length > 0 && !this.isOwned(row)).slice(0, most);
    return free.map((row) => {
      const wasReleased = row.owner === null;
      if (!wasReleased) row.inFlight = null;
      if (wasReleased && row.inFlight?.length === 0) row.writesFrom = this.now();
      else if (!wasReleased || row.inFlight !== null) row.writesFrom = Math.max(row.writesFrom, this.now() + waitOutMs);
      Object.assign(row, { owner, epoch: row.epoch + 1n, grantId: randomUUID(), leaseUntil: this.now() + leaseMs });
      const writesInMs = Math.max(0, row.writesFrom - this.now());
      return { ...fenceOf(row), ...termsOf(row), leaseMs, writesInMs, waitOutRouteIds: row.inFlight };
    });
  }

  async renew(owner: string, renewals: readonly GatewayFence[], leaseMs: number): Promise<readonly GatewayTerms[]> {
    await this.reached();
    this.replicas.set(owner, this.now() + leaseMs);
    const renewed = renewals.flatMap((fence) => this.under(fence) ?? []).filter((row) => row.accounts.length > 0);
    for (const row of renewed) row.leaseUntil = this.now() + leaseMs;
    return renewed.map(termsOf);
  }

  async release(handover: Handover): Promise<void> {
    await this.reached();
    if (this.free(handover)) this.told();
  }

  async leave(owner: string, handovers: readonly Handover[]): Promise<void> {
    await this.reached();
    this.replicas.delete(owner);
    for (const handover of handovers) this.free(handover);
    this.told();
  }

  async spread(owner: string): Promise<Spread> {
    await this.reached();
    const owned = { [owner]: 0 };
    for (const [id, until] of this.replicas) if (until >= this.now()) owned[id] = 0;
    const used = [...this.rows.values()].filter((row) => row.accounts.length > 0);
    const living = used.filter((row) => this.isOwned(row));
    for (const row of living) owned[row.owner!] = (owned[row.owner!] ?? 0) + 1;
    const ends = living.filter((row) => row.owner !== owner).map((row) => row.leaseUntil - this.now());
    return { owned, free: used.length - living.length, nextEndInMs: ends.length === 0 ? null : Math.min(...ends) };
  }

  private async reached(): Promise<void> {
    await Promise.resolve();
    if (this.failing) throw this.failing;
  }

  private isOwned(row: Row): boolean {
    return row.owner !== null && row.leaseUntil >= this.now();
  }

  private under(fence: GatewayFence): Row | undefined {
    const row = this.rows.get(fence.gatewayId);
    return row?.epoch === fence.epoch && row.grantId === fence.grantId ? row : undefined;
  }

  private free({ fence, inFlightRouteIds }: Handover): boolean {
    const row = this.under(fence);
    if (!row) return false;
    const isOver = row.writesFrom < this.now();
    row.inFlight = isOver ? inFlightRouteIds : row.inFlight && [...row.inFlight, ...inFlightRouteIds];
    Object.assign(row, { owner: null, grantId: null });
    return true;
  }
}

function newRow(gatewayId: string): Row {
  return {
    gatewayId,
    accounts: [],
    owner: null,
    epoch: 0n,
    grantId: null,
    leaseUntil: -Infinity,
    writesFrom: -Infinity,
    inFlight: [],
  };
}

function fenceOf(row: Row): GatewayFence {
  return { gatewayId: row.gatewayId, epoch: row.epoch, grantId: row.grantId! };
}

function termsOf(row: Row): GatewayTerms {
  const lowest = (figure: keyof ApiBudget) =>
    Math.min(...row.accounts.map(({ budget }) => budget[figure] ?? defaultApiBudget[figure]));
  return {
    gatewayId: row.gatewayId,
    accountIds: row.accounts.map((one) => one.id),
    budget: {
      modifyPerSecond: lowest('modifyPerSecond'),
      modifyBurst: lowest('modifyBurst'),
      readPerSecond: lowest('readPerSecond'),
      readBurst: lowest('readBurst'),
    },
  };
}
