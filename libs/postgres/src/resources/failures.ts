import { Conflict } from '@sluice/domain';
import { Prisma } from '../generated/client.js';

/** What a person is told when a unique index says no, by the index's name. */
const taken: Readonly<Record<string, string>> = {
  projects_name_key: 'a project of this name exists already; choose another name',
  accounts_project_id_name_key: 'the project has an account of this name already; choose another name',
  clusters_project_id_name_key: 'the project has a cluster of this name already; choose another name',
  clusters_project_id_kube_system_uid_key:
    'this cluster is registered in the project already, under another name: work with that one, or remove it first',
  routes_arn_key: 'this listener or rule is registered already; a forward action belongs to one project only',
  routes_project_id_name_key: 'the project has a route of this name already; choose another name',
  backends_route_id_name_key: 'the route has a backend of this name already; choose another name',
  backends_route_id_target_group_arn_key:
    'this target group is a backend of the route already; each may be in an action once',
  bindings_backend_id_key: 'this backend has a binding already',
  bindings_cluster_id_namespace_name_key: 'the cluster has a binding of ours with this namespace and name already',
  provisioned_resources_arn_key: 'this ARN is recorded already',
  plans_project_id_name_key:
    'the project has a plan of this name already; choose another name, or add a version to that plan',
  tokens_hash_key: 'this token exists already',
};

/** A broken unique index as the Conflict it means; everything else unchanged. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') return error;
  const index = indexIn(error.meta) ?? '';
  return new Conflict('AlreadyExists', taken[index] ?? 'something with these values exists already', {});
}

/** Whether Postgres ended this transaction only because of another one (deadlock, serialization failure). */
export function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === 'P2034' || /\b(40P01|40001)\b/.test(textOf(error.meta));
}

function indexIn(meta: Record<string, unknown> | undefined): string | undefined {
  const text = textOf(meta);
  return Object.keys(taken).find((name) => text.includes(name));
}

function textOf(meta: Record<string, unknown> | undefined): string {
  return JSON.stringify(meta ?? {}, (key, value: unknown) => (value instanceof Error ? { ...value } : value));
}
