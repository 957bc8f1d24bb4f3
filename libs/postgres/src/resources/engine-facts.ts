import type { EngineFacts, GatewaySpending, GatewayStanding } from '@sluice/control';
import { gatewayTerms, type TermsRow } from '../engine/gateway-terms.js';
import { Prisma } from '../generated/client.js';
import { iso } from './json.js';

interface StandingRow extends TermsRow {
  spending: GatewaySpending | null;
  spending_at: Date | null;
  is_owned: boolean;
}

/** What the engine's tables say about resources. */
export class PrismaEngineFacts implements EngineFacts {
  constructor(private readonly db: Prisma.TransactionClient) {}

  async activeRollout(routeId: string): Promise<string | null> {
    const row = await this.db.claim.findUnique({ where: { routeId } });
    return row?.rolloutId ?? null;
  }

  async bakingRollout(routeId: string): Promise<string | null> {
    const rows = await this.db.$queryRaw<{ id: string }[]>`
      SELECT o.id FROM rollout_routes x JOIN rollouts o ON o.id = x.rollout_id
      WHERE x.route_id = ${routeId} AND o.state = 'Succeeded' AND o.bakes_until > now() LIMIT 1`;
    return rows[0]?.id ?? null;
  }

  async scheduledRollout(routeId: string): Promise<string | null> {
    const rows = await this.db.$queryRaw<{ id: string }[]>`
      SELECT o.id FROM rollout_routes x JOIN rollouts o ON o.id = x.rollout_id
      WHERE x.route_id = ${routeId} AND o.state = 'Scheduled' LIMIT 1`;
    return rows[0]?.id ?? null;
  }

  async gatewayOf(accountId: string): Promise<GatewayStanding | null> {
    const [row] = await this.db.$queryRaw<StandingRow[]>`
      SELECT g.id, g.spending, g.spending_at, coalesce(g.lease_until > clock_timestamp(), false) AS is_owned, t.account_ids, t.budget
      FROM accounts own JOIN gateways g ON g.id = own.gateway_id CROSS JOIN LATERAL (${Prisma.raw(gatewayTerms)}) t
      WHERE own.id = ${accountId}`;
    if (!row) return null;
    return {
      id: row.id,
      budget: row.budget,
      accountCount: row.account_ids.length,
      isOwned: row.is_owned,
      spending: row.spending && row.spending_at ? { ...row.spending, at: iso(row.spending_at) } : null,
    };
  }

  async hasOpenIntent(routeId: string): Promise<boolean> {
    return (await this.db.intent.count({ where: { routeId, state: { in: ['pending', 'sent'] } } })) > 0;
  }

  rolloutsOfPlan(planId: string): Promise<number> {
    return this.db.rollout.count({ where: { planId } });
  }

  async zeroSince(routeId: string, targetGroupArn: string): Promise<{ readonly at: string } | 'unwritten' | null> {
    const written = { routeId, state: 'applied', settledAt: { not: null } };
    const gaveWeight = await this.db.$queryRaw<{ settled_at: Date; seq: bigint }[]>`
      SELECT settled_at, seq FROM intents
      WHERE route_id = ${routeId} AND state = 'applied' AND settled_at IS NOT NULL
        AND jsonb_path_exists(after, '$[*] ? (@.targetGroupArn == $arn && @.weight > 0)', jsonb_build_object('arn', ${targetGroupArn}::text))
      ORDER BY settled_at DESC, seq DESC LIMIT 1`;
    const last = gaveWeight[0];
    const after = last
      ? { OR: [{ settledAt: { gt: last.settled_at } }, { settledAt: last.settled_at, seq: { gt: last.seq } }] }
      : {};
    const first = await this.db.intent.findFirst({
      where: { AND: [written, after] },
      orderBy: [{ settledAt: 'asc' }, { seq: 'asc' }],
    });
    if (first?.settledAt) return { at: iso(first.settledAt) };
    return last ? null : 'unwritten';
  }
}
