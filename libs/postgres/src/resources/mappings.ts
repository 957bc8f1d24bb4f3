import type {
  Account,
  AccountRecord,
  Backend,
  Binding,
  Cluster,
  ClusterRecord,
  Plan,
  Project,
  ProvisionedRecord,
  Route,
  TokenRecord,
} from '@sluice/control';
import { Prisma } from '../generated/client.js';
import { fromJson, iso, isoOrNull, json, jsonOrNull } from './json.js';
import type { Mapping } from './rows.js';

type Db = Prisma.TransactionClient;

// `satisfies Mapping` would lose Prisma's row types, so each mapping is made by this identity
function mapping<R extends { readonly id: string }, Row extends { id: string; createdAt: Date }, Data extends object>(
  one: Mapping<R, Row, Data>,
): Mapping<R, Row, Data> {
  return one;
}

export const projects = (db: Db) =>
  mapping<Project, Prisma.ProjectGetPayload<object>, Prisma.ProjectUncheckedCreateInput>({
    table: 'projects',
    filters: [],
    toRecord: (row) => ({ ...row, createdAt: iso(row.createdAt) }),
    toData: ({ id, name, createdBy }) => ({ id, name, createdBy }),
    findUnique: (id) => db.project.findUnique({ where: { id } }),
    create: (data) => db.project.create({ data }),
    update: (id, data) => db.project.update({ where: { id }, data }),
    delete: (id) => db.project.delete({ where: { id } }),
    findMany: (args) => db.project.findMany(args),
    count: (where) => db.project.count({ where }),
  });

export const accounts = (db: Db) =>
  mapping<AccountRecord, Prisma.AccountGetPayload<object>, Prisma.AccountUncheckedCreateInput>({
    table: 'accounts',
    filters: ['projectId'],
    compared: ({ check, ...rest }) => ({ ...rest, check: check && { ...check, at: null } }),
    toRecord: ({ credentials, checkedAt, checkResult, ...row }) => ({
      ...row,
      credentials: credentials === null ? 'process' : 'stored',
      sealedCredentials: fromJson(credentials),
      apiBudget: fromJson(row.apiBudget),
      check: checkOf<Account['check']>(checkedAt, checkResult),
      createdAt: iso(row.createdAt),
    }),
    toData: (account) => ({
      id: account.id,
      projectId: account.projectId,
      name: account.name,
      awsAccountId: account.awsAccountId,
      region: account.region,
      endpoint: account.endpoint,
      roleArn: account.roleArn,
      externalId: account.externalId,
      credentials: jsonOrNull(account.sealedCredentials),
      apiBudget: json(account.apiBudget),
      ...checkColumns(account.check),
      createdBy: account.createdBy,
    }),
    findUnique: (id) => db.account.findUnique({ where: { id } }),
    create: (data) => db.account.create({ data }),
    update: (id, data) => db.account.update({ where: { id }, data }),
    delete: (id) => db.account.delete({ where: { id } }),
    findMany: (args) => db.account.findMany(args),
    count: (where) => db.account.count({ where }),
  });

export const clusters = (db: Db) =>
  mapping<ClusterRecord, Prisma.ClusterGetPayload<object>, Prisma.ClusterUncheckedCreateInput>({
    table: 'clusters',
    filters: ['projectId', 'accountId', 'kubeSystemUid', 'labels'],
    compared: ({ check, ...rest }) => ({ ...rest, check: check && { ...check, at: null } }),
    toRecord: ({ credentials, checkedAt, checkResult, cordonedBy, retiredBy, ...row }) => {
      const storedCredentials = fromJson<ClusterRecord['storedCredentials']>(credentials);
      return {
        ...row,
        labels: fromJson(row.labels),
        agent: 'direct',
        bindingApi: fromJson(row.bindingApi),
        credentials: storedCredentials.kind,
        storedCredentials,
        cordoned: fromJson(cordonedBy),
        retired: fromJson(retiredBy),
        check: checkOf<Cluster['check']>(checkedAt, checkResult),
        createdAt: iso(row.createdAt),
      };
    },
    toData: (cluster) => ({
      id: cluster.id,
      projectId: cluster.projectId,
      accountId: cluster.accountId,
      name: cluster.name,
      labels: json(cluster.labels),
      agent: cluster.agent,
      bindingApi: cluster.bindingApi,
      server: cluster.server,
      tlsServerName: cluster.tlsServerName,
      caPem: cluster.caPem,
      credentials: json(cluster.storedCredentials),
      kubeSystemUid: cluster.kubeSystemUid,
      cordonedBy: jsonOrNull(cluster.cordoned),
      retiredBy: jsonOrNull(cluster.retired),
      ...checkColumns(cluster.check),
      createdBy: cluster.createdBy,
    }),
    findUnique: (id) => db.cluster.findUnique({ where: { id } }),
    create: (data) => db.cluster.create({ data }),
    update: (id, data) => db.cluster.update({ where: { id }, data }),
    delete: (id) => db.cluster.delete({ where: { id } }),
    findMany: (args) => db.cluster.findMany(args),
    count: (where) => db.cluster.count({ where }),
  });

export const routes = (db: Db) =>
  mapping<Route, Prisma.RouteGetPayload<object>, Prisma.RouteUncheckedCreateInput>({
    table: 'routes',
    filters: ['projectId', 'accountId', 'arn', 'listenerArn', 'loadBalancerArn', 'labels'],
    toRecord: ({ explainedBy: _, ...row }) => ({
      ...row,
      labels: fromJson(row.labels),
      steadyShares: fromJson(row.steadyShares),
      pinned: fromJson(row.pinned),
      ownership: fromJson(row.ownership),
      acknowledgement: fromJson(row.acknowledgement),
      expected: fromJson(row.expected),
      drift: fromJson(row.drift),
      createdAt: iso(row.createdAt),
    }),
    toData: (route) => ({
      id: route.id,
      projectId: route.projectId,
      accountId: route.accountId,
      name: route.name,
      arn: route.arn,
      loadBalancerArn: route.loadBalancerArn,
      listenerArn: route.listenerArn,
      protocol: route.protocol,
      port: route.port,
      isDefault: route.isDefault,
      labels: json(route.labels),
      steadyShares: jsonOrNull(route.steadyShares),
      pinned: json(route.pinned),
      ownership: json(route.ownership),
      acknowledgement: jsonOrNull(route.acknowledgement),
      expected: json(route.expected),
      drift: jsonOrNull(route.drift),
      createdBy: route.createdBy,
    }),
    findUnique: (id) => db.route.findUnique({ where: { id } }),
    create: (data) => db.route.create({ data }),
    update: (id, data) => db.route.update({ where: { id }, data }),
    delete: (id) => db.route.delete({ where: { id } }),
    findMany: (args) => db.route.findMany(args),
    count: (where) => db.route.count({ where }),
  });

export const backends = (db: Db) =>
  mapping<Backend, Prisma.BackendGetPayload<object>, Prisma.BackendUncheckedCreateInput>({
    table: 'backends',
    filters: ['projectId', 'routeId', 'clusterId', 'targetGroupArn'],
    toRecord: (row) => ({
      ...row,
      port: readPort(row.port),
      targetType: fromJson(row.targetType),
      createdAt: iso(row.createdAt),
    }),
    toData: (backend) => ({
      id: backend.id,
      projectId: backend.projectId,
      routeId: backend.routeId,
      clusterId: backend.clusterId,
      name: backend.name,
      namespace: backend.namespace,
      service: backend.service,
      port: String(backend.port),
      targetGroupArn: backend.targetGroupArn,
      targetType: backend.targetType,
      createdBy: backend.createdBy,
    }),
    findUnique: (id) => db.backend.findUnique({ where: { id } }),
    create: (data) => db.backend.create({ data }),
    update: (id, data) => db.backend.update({ where: { id }, data }),
    delete: (id) => db.backend.delete({ where: { id } }),
    findMany: (args) => db.backend.findMany(args),
    count: (where) => db.backend.count({ where }),
  });

export const bindings = (db: Db) =>
  mapping<Binding, Prisma.BindingGetPayload<object>, Prisma.BindingUncheckedCreateInput>({
    table: 'bindings',
    filters: ['projectId', 'clusterId', 'backendId'],
    compared: ({ observedAt: _, ...rest }) => rest,
    toRecord: (row) => ({
      ...row,
      networking: fromJson(row.networking),
      state: fromJson(row.state),
      observedAt: isoOrNull(row.observedAt),
      createdAt: iso(row.createdAt),
    }),
    toData: (binding) => ({
      id: binding.id,
      projectId: binding.projectId,
      backendId: binding.backendId,
      clusterId: binding.clusterId,
      namespace: binding.namespace,
      name: binding.name,
      networking: jsonOrNull(binding.networking),
      state: binding.state,
      reason: binding.reason,
      message: binding.message,
      observed: jsonOrNull(binding.observed),
      observedAt: binding.observedAt,
      createdBy: binding.createdBy,
    }),
    findUnique: (id) => db.binding.findUnique({ where: { id } }),
    create: (data) => db.binding.create({ data }),
    update: (id, data) => db.binding.update({ where: { id }, data }),
    delete: (id) => db.binding.delete({ where: { id } }),
    findMany: (args) => db.binding.findMany(args),
    count: (where) => db.binding.count({ where }),
  });

export const provisioned = (db: Db) =>
  mapping<
    ProvisionedRecord,
    Prisma.ProvisionedResourceGetPayload<object>,
    Prisma.ProvisionedResourceUncheckedCreateInput
  >({
    table: 'provisioned_resources',
    filters: ['projectId', 'accountId'],
    toRecord: (row) => ({
      ...row,
      kind: fromJson(row.kind),
      details: fromJson(row.details),
      removedAt: isoOrNull(row.removedAt),
      createdAt: iso(row.createdAt),
    }),
    toData: (resource) => ({
      id: resource.id,
      projectId: resource.projectId,
      accountId: resource.accountId,
      kind: resource.kind,
      arn: resource.arn,
      createdByUs: resource.createdByUs,
      details: json(resource.details),
      removedAt: resource.removedAt,
      createdBy: resource.createdBy,
    }),
    findUnique: (id) => db.provisionedResource.findUnique({ where: { id } }),
    create: (data) => db.provisionedResource.create({ data }),
    update: (id, data) => db.provisionedResource.update({ where: { id }, data }),
    delete: (id) => db.provisionedResource.delete({ where: { id } }),
    findMany: (args) => db.provisionedResource.findMany(args),
    count: (where) => db.provisionedResource.count({ where }),
  });

export const plans = (db: Db) =>
  mapping<Plan, Prisma.PlanGetPayload<object>, Prisma.PlanUncheckedCreateInput>({
    table: 'plans',
    filters: ['projectId'],
    toRecord: (row) => ({ ...row, createdAt: iso(row.createdAt) }),
    toData: ({ id, projectId, name, latestVersion, createdBy }) => ({ id, projectId, name, latestVersion, createdBy }),
    findUnique: (id) => db.plan.findUnique({ where: { id } }),
    create: (data) => db.plan.create({ data }),
    update: (id, data) => db.plan.update({ where: { id }, data }),
    delete: (id) => db.plan.delete({ where: { id } }),
    findMany: (args) => db.plan.findMany(args),
    count: (where) => db.plan.count({ where }),
  });

export const tokens = (db: Db) =>
  mapping<TokenRecord, Prisma.TokenGetPayload<object>, Prisma.TokenUncheckedCreateInput>({
    table: 'tokens',
    filters: ['projectId', 'hash'],
    toRecord: (row) => ({
      ...row,
      role: fromJson(row.role),
      createdAt: iso(row.createdAt),
      expiresAt: isoOrNull(row.expiresAt),
      revokedAt: isoOrNull(row.revokedAt),
    }),
    toData: ({ id, projectId, name, role, hash, prefix, createdBy, expiresAt, revokedAt }) => ({
      id,
      projectId,
      name,
      role,
      hash,
      prefix,
      createdBy,
      expiresAt,
      revokedAt,
    }),
    findUnique: (id) => db.token.findUnique({ where: { id } }),
    create: (data) => db.token.create({ data }),
    update: (id, data) => db.token.update({ where: { id }, data }),
    delete: (id) => db.token.delete({ where: { id } }),
    findMany: (args) => db.token.findMany(args),
    count: (where) => db.token.count({ where }),
  });

/** A Service port is one text column: digits are a number, all else a name. */
function readPort(port: string): number | string {
  return /^\d+$/.test(port) ? Number(port) : port;
}

type Check = { readonly at: string } | null;

function checkOf<T extends Check>(at: Date | null, result: unknown): T | null {
  return at === null || result === null ? null : fromJson<T>({ at: iso(at), ...fromJson<object>(result) });
}

function checkColumns(check: Check): { checkedAt: string | null; checkResult: ReturnType<typeof jsonOrNull> } {
  if (check === null) return { checkedAt: null, checkResult: jsonOrNull(null) };
  const { at, ...result } = check;
  return { checkedAt: at, checkResult: json(result) };
}
