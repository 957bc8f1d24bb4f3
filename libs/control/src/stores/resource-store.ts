import type { Actor, EventType, LedgerReason } from '@sluice/domain';
import type {
  Account,
  Backend,
  Binding,
  Cluster,
  Page,
  PageRequest,
  Plan,
  PlanVersion,
  Project,
  ProvisionedResource,
  Route,
  Token,
} from '../resources/types.js';
import type { GatewayStanding } from '../ports/gateway-store.js';
import type { GatewayMembership } from '../gateways/gateway-membership.js';
import type { Sealed } from '../resources/sealer.js';

/** An account with what is never shown. */
export interface AccountRecord extends Account {
  readonly sealedCredentials: Sealed | null;
  /** null = its number isn't proven. Changed by `GatewayMembership` only. */
  readonly gatewayId: string | null;
}

/** A cluster with what is never shown. */
export interface ClusterRecord extends Cluster {
  readonly caPem: string;
  readonly storedCredentials: StoredClusterCredentials;
}

/** Sealed: the token, or JSON `{clientCertificate, clientKey}`. */
export type StoredClusterCredentials =
  | { readonly kind: 'token' | 'clientCertificate'; readonly sealed: Sealed }
  | { readonly kind: 'reference'; readonly reference: string };

/** Who recorded it, besides what is shown. */
export interface ProvisionedRecord extends ProvisionedResource {
  readonly createdBy: string;
}

/** A token with the hash of its secret. */
export interface TokenRecord extends Token {
  /** Hex SHA-256. */
  readonly hash: string;
}

/** What the store itself fills in. */
type Filled = 'version' | 'createdAt';
export type NewRow<R> = Omit<R, Filled>;
export type RowPatch<R> = Partial<Omit<R, Filled | 'id' | 'createdBy'>>;

/** Equality on columns; `labels`: all of these are among the row's. */
export interface RowFilter {
  readonly projectId?: string;
  readonly accountId?: string;
  readonly clusterId?: string;
  readonly routeId?: string;
  readonly backendId?: string;
  readonly targetGroupArn?: string;
  readonly hash?: string;
  readonly arn?: string;
  readonly listenerArn?: string;
  readonly loadBalancerArn?: string;
  readonly kubeSystemUid?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * One kind of resource. Unknown ids are null. Pages go by (createdAt, id); a cursor that isn't ours is `InvalidInput` on
 * `cursor`. A name or ARN that is taken is `Conflict` (`AlreadyExists`).
 */
export interface Rows<R extends { readonly id: string }> {
  find(id: string): Promise<R | null>;
  /** `change`: nobody else changes it until the transaction ends; `keep`: nobody removes it. Only inside a transaction. */
  lock(id: string, mode: 'change' | 'keep'): Promise<R | null>;
  insert(row: NewRow<R>): Promise<R>;
  /**
   * Writes nothing, and returns what is there, where nothing would differ but when it was seen. The version grows where
   * something differs that people ask for; what was seen or derived (`check`, `drift`, a binding's `state` …) is no part of it.
   */
  update(id: string, patch: RowPatch<R>): Promise<R>;
  remove(id: string): Promise<void>;
  page(filter: RowFilter, request: PageRequest): Promise<Page<R>>;
  /** All of them, oldest first: for kinds that are few under the given filter. */
  all(filter: RowFilter): Promise<readonly R[]>;
  count(filter: RowFilter): Promise<number>;
}

/** An event for people, appended last in its transaction. */
export interface Announcement {
  readonly projectId: string | null;
  readonly type: EventType;
  /** `cluster/<id>` */
  readonly subject: string;
  readonly actor: Actor;
  /** As the API shows it; null = it wasn't there. */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** As the API shows it; null = it is gone. */
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ResourceTables {
  readonly projects: Rows<Project>;
  readonly accounts: Rows<AccountRecord>;
  readonly clusters: Rows<ClusterRecord>;
  readonly routes: Rows<Route>;
  readonly backends: Rows<Backend>;
  readonly bindings: Rows<Binding>;
  readonly provisioned: Rows<ProvisionedRecord>;
  readonly plans: Rows<Plan>;
  readonly planVersions: PlanVersionRows;
  readonly tokens: Rows<TokenRecord>;
  readonly engine: EngineFacts;
  readonly gateways: GatewayMembership;
}

export interface PlanVersionRows {
  find(planId: string, version: number): Promise<PlanVersion | null>;
  insert(row: Omit<PlanVersion, 'createdAt'>): Promise<PlanVersion>;
  /** Newest first. */
  all(planId: string): Promise<readonly PlanVersion[]>;
  removeAll(planId: string): Promise<void>;
}

/** What the engine's tables say about resources. */
export interface EngineFacts {
  /** The active rollout that moves this route, if any. */
  activeRollout(routeId: string): Promise<string | null>;
  /** The rollout that has succeeded with this route and may still be rolled back by one call, if any. */
  bakingRollout(routeId: string): Promise<string | null>;
  /** A rollout that waits for its start and names this route, if any. */
  scheduledRollout(routeId: string): Promise<string | null>;
  /** The gateway that this account's traffic goes through, as its owner last published it; null = its number isn't proven. */
  gatewayOf(accountId: string): Promise<GatewayStanding | null>;
  /** Whether a write to this route is pending or in flight. */
  hasOpenIntent(routeId: string): Promise<boolean>;
  rolloutsOfPlan(planId: string): Promise<number>;
  /**
   * Since when every settled write kept this target group at weight 0 (ISO 8601), by the ledger; null = the newest one
   * gave it weight. With no settled write at all, `unwritten`.
   */
  zeroSince(routeId: string, targetGroupArn: string): Promise<{ readonly at: string } | 'unwritten' | null>;
}

/** What a person did to traffic where no route stands for it yet: a listener or a rule is made. */
export interface LedgerEntry {
  readonly id: string;
  readonly projectId: string;
  readonly kind: string;
  readonly reason: LedgerReason;
  readonly message: string;
  readonly actor: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface ResourceTransaction extends ResourceTables {
  /** Writes a line of the ledger; it stays `decided` until its end is told. */
  decide(entry: LedgerEntry): Promise<void>;
  endDecision(id: string, state: 'applied' | 'failed', message: string | null): Promise<void>;
  /** More for the event that tells what this transaction did to `subject` (`cluster/<id>`). */
  alsoTell(subject: string, data: Readonly<Record<string, unknown>>): void;
  /**
   * Takes these guards (`route/<id>`) for itself and moves them: whatever was decided under their old versions is never
   * sent. First in a transaction, before any row.
   */
  moveGuards(keys: readonly string[]): Promise<void>;
  /** One at a time for this name, until the transaction ends. */
  exclusively(name: string): Promise<void>;
}

/** The resources' rows. Reads outside of a transaction see what is committed. */
export abstract class ResourceStore {
  abstract readonly read: ResourceTables;
  /**
   * All or nothing. What it did to each resource is told as an event of `actor`, with what it was before and is after.
   * `dryRun`: does everything, constraints included, and rolls it back. The work never calls out.
   */
  abstract transaction<T>(
    actor: Actor,
    work: (tx: ResourceTransaction) => Promise<T>,
    options?: { readonly dryRun?: boolean },
  ): Promise<T>;
}
