import type { User } from './authentication.js';
import type { Exchange } from './http-exchange.js';
import type { Authorizer } from './rbac.js';

/** Who the request is for: its sender, or the user of `Impersonate-User` (`kubectl --as`) where the sender may be that. Throws 403. */
export function actingUser({ request, user }: Exchange, authorizer: Authorizer): User {
  const [name] = request.headersDistinct['impersonate-user'] ?? [];
  if (name === undefined) return user;
  const groups = request.headersDistinct['impersonate-group'] ?? [];
  const mayBe = (resource: 'users' | 'groups', whom: string): void =>
    authorizer.check(user, {
      kind: 'resource',
      verb: 'impersonate',
      group: '',
      resource,
      subresource: '',
      namespace: '',
      name: whom,
    });
  mayBe('users', name);
  for (const group of groups) mayBe('groups', group);
  return { name, uid: '', groups: [...groups, 'system:authenticated'] };
}
