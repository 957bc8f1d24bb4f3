import type { User } from './authentication.js';
import { isRecord, listAt, stringAt, type JsonRecord } from './json.js';
import { KubeError } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import type { ResourceType } from './resource-type.js';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './resources/rbac.js';
import type { Store } from './store.js';

/** What somebody wants to do: to a resource, or to a path that is none. */
export type Attempt =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

/** RBAC over the roles and bindings in the store: nothing is allowed that no rule allows. */
export class Authorizer {
  constructor(private readonly store: Store) {}

  isAllowed(user: User, attempt: Attempt): boolean {
    return this.rulesFor(user, attempt.kind === 'resource' ? attempt.namespace : '').some((rule) =>
      allows(rule, attempt),
    );
  }

  /** Every rule that holds for the user in a namespace; `''`: those of the whole cluster alone. */
  rulesFor(user: User, namespace: string): JsonRecord[] {
    const cluster = this.bound(clusterRoleBindings, undefined, user);
    const local = namespace === '' ? [] : this.bound(roleBindings, namespace, user);
    return [...cluster, ...local].flatMap((binding) => this.rulesOf(binding)).filter(isRecord);
  }

  /** Throws the 403 that Kubernetes gives. */
  check(user: User, attempt: Attempt): void {
    if (!this.isAllowed(user, attempt)) throw forbidden(user, attempt);
  }

  private bound(type: ResourceType, namespace: string | undefined, user: User): KubeObject[] {
    return this.store
      .list(type, namespace)
      .filter((binding) => listAt(binding, 'subjects').some((subject) => isSubject(subject, user)));
  }

  private rulesOf(binding: KubeObject): unknown[] {
    const isLocal = stringAt(binding, 'roleRef', 'kind') === 'Role';
    const name = stringAt(binding, 'roleRef', 'name') ?? '';
    const role = isLocal
      ? this.store.get(roles, binding.metadata.namespace, name)
      : this.store.get(clusterRoles, undefined, name);
    return listAt(role, 'rules');
  }
}

function isSubject(subject: unknown, user: User): boolean {
  const name = stringAt(subject, 'name') ?? '';
  switch (stringAt(subject, 'kind')) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${stringAt(subject, 'namespace') ?? ''}:${name}`;
    default:
      return false;
  }
}

function allows(rule: JsonRecord, attempt: Attempt): boolean {
  if (!has(rule['verbs'], attempt.verb)) return false;
  if (attempt.kind === 'path')
    return listAt(rule, 'nonResourceURLs').some((pattern) => isPathIn(String(pattern), attempt.path));
  const resource = attempt.subresource === '' ? attempt.resource : `${attempt.resource}/${attempt.subresource}`;
  const names = listAt(rule, 'resourceNames');
  return (
    has(rule['apiGroups'], attempt.group) &&
    has(rule['resources'], resource) &&
    (names.length === 0 || names.includes(attempt.name))
  );
}

function has(list: unknown, value: string): boolean {
  return Array.isArray(list) && (list.includes('*') || list.includes(value));
}

function isPathIn(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

function forbidden(user: User, attempt: Attempt): KubeError {
  if (attempt.kind === 'path') {
    return new KubeError(
      403,
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${attempt.verb} path ${JSON.stringify(attempt.path)}`,
      {},
    );
  }
  const { verb, group, resource, subresource, namespace, name } = attempt;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? what : `${what} ${JSON.stringify(name)}`;
  return new KubeError(
    403,
    'Forbidden',
    `${subject} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}
