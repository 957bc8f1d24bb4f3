import {
  RecordedChanges,
  ResourceStore,
  type Announcement,
  type LedgerEntry,
  type ResourceTables,
  type ResourceTransaction,
} from '@sluice/control';
import type { Actor, RecordedKind } from '@sluice/domain';
import type { Prisma, PrismaClient } from '../generated/client.js';
import { PrismaEngineFacts } from './engine-facts.js';
import { PrismaGatewayMembership } from './gateway-membership.js';
import { isDeadlock } from './failures.js';
import { json } from './json.js';
import * as mappings from './mappings.js';
import { PrismaPlanVersionRows } from './plan-version-rows.js';
import { PrismaRows } from './rows.js';

const attempts = 5;

/** Ends a dry run: everything it did is rolled back. */
class RolledBack extends Error {
  constructor() {
    super('dry run');
  }
}

export class PrismaResourceStore extends ResourceStore {
  readonly read: ResourceTables;

  constructor(private readonly prisma: PrismaClient) {
    super();
    this.read = tables(prisma, null);
  }

  async transaction<T>(
    actor: Actor,
    work: (tx: ResourceTransaction) => Promise<T>,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(actor, work, options.dryRun ?? false);
      } catch (error) {
        // the whole transaction is safe to run again: it never calls out
        if (!isDeadlock(error) || attempt === attempts) throw error;
      }
    }
  }

  async #once<T>(actor: Actor, work: (tx: ResourceTransaction) => Promise<T>, dryRun: boolean): Promise<T> {
    let answer: { value: T } | undefined;
    try {
      await this.prisma.$transaction(
        async (db) => {
          const changes = new RecordedChanges();
          const tx = {
            ...tables(db, changes),
            alsoTell: (subject: string, data: Announcement['data']) => changes.alsoTell(subject, data),
            exclusively: (name: string) => lockName(db, name),
            decide: (entry: LedgerEntry) => decide(db, entry),
            endDecision: (id: string, state: string, message: string | null) => endDecision(db, id, state, message),
            moveGuards: (keys: readonly string[]) => moveGuards(db, keys),
          };
          answer = { value: await work(tx) };
          if (dryRun) throw new RolledBack();
          for (const event of changes.events(actor)) await append(db, event);
        },
        { maxWait: 10_000, timeout: 15_000 },
      );
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
    }
    if (!answer) throw new Error('the transaction ended without an answer');
    return answer.value;
  }
}

/** `changes`: where writes are noted, to be told; null = only reads are allowed. */
function tables(db: Prisma.TransactionClient, changes: RecordedChanges | null): ResourceTables {
  const noted = <K extends RecordedKind>(kind: K) => changes && changes.of(kind);
  return {
    projects: new PrismaRows(db, mappings.projects(db), noted('project')),
    accounts: new PrismaRows(db, mappings.accounts(db), noted('account')),
    clusters: new PrismaRows(db, mappings.clusters(db), noted('cluster')),
    routes: new PrismaRows(db, mappings.routes(db), noted('route')),
    backends: new PrismaRows(db, mappings.backends(db), noted('backend')),
    bindings: new PrismaRows(db, mappings.bindings(db), noted('binding')),
    provisioned: new PrismaRows(db, mappings.provisioned(db), noted('provisioned')),
    plans: new PrismaRows(db, mappings.plans(db), noted('plan')),
    planVersions: new PrismaPlanVersionRows(db, changes && ((before, after) => changes.planVersion(before, after))),
    tokens: new PrismaRows(db, mappings.tokens(db), noted('token')),
    engine: new PrismaEngineFacts(db),
    gateways: new PrismaGatewayMembership(db),
  };
}

async function append(db: Prisma.TransactionClient, event: Announcement): Promise<void> {
  const { projectId, type, subject } = event;
  const [actor, before, after, data] = [event.actor, event.before, event.after, event.data].map(
    (one) => one && JSON.stringify(one),
  );
  await db.$executeRaw`
    SELECT append_event(${projectId}, ${type}, ${subject}, ${actor}::jsonb, ${before}::jsonb, ${after}::jsonb, ${data}::jsonb)`;
}

/** In the order of their keys, as everybody takes them, so that no two wait for each other. */
async function moveGuards(db: Prisma.TransactionClient, keys: readonly string[]): Promise<void> {
  for (const key of [...new Set(keys)].sort())
    await db.$executeRaw`UPDATE guards SET version = version + 1 WHERE key = ${key}`;
}

async function decide(db: Prisma.TransactionClient, { facts, ...entry }: LedgerEntry): Promise<void> {
  await db.decision.create({ data: { ...entry, facts: json(facts) } });
}

async function endDecision(
  db: Prisma.TransactionClient,
  id: string,
  state: string,
  endMessage: string | null,
): Promise<void> {
  await db.$executeRaw`UPDATE decisions SET state = ${state}, end_message = ${endMessage}, ended_at = clock_timestamp() WHERE id = ${id}`;
}

async function lockName(db: Prisma.TransactionClient, name: string): Promise<void> {
  await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`sluice resources ${name}`}, 0))`;
}
