import { isDeepStrictEqual } from 'node:util';
import type { Actor, RecordedKind, RecordedType } from '@sluice/domain';
import type {
  Account,
  Backend,
  Binding,
  Cluster,
  Plan,
  PlanVersion,
  Project,
  ProvisionedResource,
  Route,
  Token,
} from '../resources/types.js';
import type { AccountRecord, Announcement, ClusterRecord, ProvisionedRecord, TokenRecord } from './resource-store.js';

/** What is stored of each kind whose changes are told. */
export interface RecordedRows {
  readonly project: Project;
  readonly account: AccountRecord;
  readonly cluster: ClusterRecord;
  readonly route: Route;
  readonly backend: Backend;
  readonly binding: Binding;
  readonly provisioned: ProvisionedRecord;
  readonly plan: Plan;
  readonly token: TokenRecord;
}

export function shownAccount({ sealedCredentials: _sealed, gatewayId: _gateway, ...account }: AccountRecord): Account {
  return account;
}

export function shownCluster({ caPem: _ca, storedCredentials: _stored, ...cluster }: ClusterRecord): Cluster {
  return cluster;
}

export function shownProvisioned({ createdBy: _by, ...resource }: ProvisionedRecord): ProvisionedResource {
  return resource;
}

export function shownToken({ hash: _hash, ...token }: TokenRecord): Token {
  return token;
}

type View = Readonly<Record<string, unknown>>;
const whole = (row: object): View => ({ ...row });

/** Each kind as the API shows it: what is never shown is in no event either. */
const views: { readonly [K in RecordedKind]: (row: RecordedRows[K]) => View } = {
  project: whole,
  account: (row) => whole(shownAccount(row)),
  cluster: (row) => whole(shownCluster(row)),
  route: whole,
  backend: whole,
  binding: whole,
  provisioned: (row) => whole(shownProvisioned(row)),
  plan: whole,
  token: (row) => whole(shownToken(row)),
};

/** What people call a field that is stored under another name. */
const calledBy: Readonly<Record<string, string>> = {
  sealedCredentials: 'credentials',
  storedCredentials: 'credentials',
};

interface Noted {
  readonly kind: RecordedKind;
  readonly projectId: string | null;
  readonly before: View | null;
  readonly after: View | null;
  /** Names of the fields that differ, those that are never shown too. */
  readonly fields: ReadonlySet<string>;
}

/**
 * What one transaction does to resources, noted by the store itself: however many statements it takes, each resource is
 * told once, from what it was before the transaction to what it is after it.
 */
export class RecordedChanges {
  private readonly noted = new Map<string, Noted>();
  private readonly beside = new Map<string, View>();
  private readonly specs = new Map<string, { readonly before: unknown; readonly after: unknown }>();

  /** For the rows of one kind: to be called with each row as it was (null = it wasn't) and as it is (null = it's gone). */
  of<K extends RecordedKind>(kind: K) {
    return (before: RecordedRows[K] | null, after: RecordedRows[K] | null): void => {
      const row = after ?? before;
      if (!row) return;
      const subject = `${kind}/${row.id}`;
      const earlier = this.noted.get(subject);
      this.noted.set(subject, {
        kind,
        projectId: 'projectId' in row ? row.projectId : row.id,
        before: earlier ? earlier.before : before && views[kind](before),
        after: after && views[kind](after),
        fields: new Set([...(earlier?.fields ?? []), ...differing(before, after)]),
      });
    };
  }

  /** A plan is told with the specification of its newest version. */
  planVersion(before: PlanVersion | null, after: PlanVersion | null): void {
    const version = after ?? before;
    if (version) this.specs.set(`plan/${version.planId}`, { before: before?.spec, after: after?.spec });
  }

  /** What else the event of this subject says, if there is one. */
  alsoTell(subject: string, data: View): void {
    this.beside.set(subject, { ...this.beside.get(subject), ...data });
  }

  /** In the order in which the resources were first touched. */
  events(actor: Actor): readonly Announcement[] {
    return [...this.noted].flatMap(([subject, { kind, projectId, before, after, fields }]) => {
      if (!before && !after) return [];
      const type: RecordedType = `${kind}.${!before ? 'created' : !after ? 'removed' : 'changed'}`;
      const spec = this.specs.get(subject);
      const data = { ...(before && after && { fields: [...fields] }), ...this.beside.get(subject) };
      return [
        {
          projectId,
          type,
          subject,
          actor,
          before: before && spec ? { ...before, spec: spec.before } : before,
          after: after && spec ? { ...after, spec: spec.after } : after,
          data,
        },
      ];
    });
  }
}

function differing(before: object | null, after: object | null): readonly string[] {
  if (!before || !after) return [];
  const [was, is] = [whole(before), whole(after)];
  return Object.keys({ ...was, ...is })
    .filter((name) => name !== 'version' && !isDeepStrictEqual(was[name], is[name]))
    .map((name) => calledBy[name] ?? name);
}
