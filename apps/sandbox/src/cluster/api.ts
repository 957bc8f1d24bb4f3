import { Objects, type PatchKind, type Place, type WriteOptions } from './objects.js';
import {
  coreVersions,
  groupInfo,
  groupList,
  openApiDocument,
  openApiIndex,
  resourceList,
  versionInfo,
} from './discovery.js';
import { Exchange } from './http-exchange.js';
import { actingUser } from './impersonation.js';
import { isRecord, recordAt, stringAt, type JsonRecord } from './json.js';
import { kubeErrors } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { listPage, queryMatcher } from './listing.js';
import type { FieldValidation } from './object-rules.js';
import type { Attempt, Authorizer } from './rbac.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';
import type { Store } from './store.js';
import { toTable, wantsTable } from './table-output.js';
import { startWatch } from './watch.js';

type ResourceTarget = Extract<RequestTarget, { kind: 'resource' }>;

const patchKinds: Readonly<Record<string, PatchKind>> = {
  'application/apply-patch+yaml': 'apply',
  'application/merge-patch+json': 'merge',
  'application/json-patch+json': 'json',
  'application/strategic-merge-patch+json': 'strategic',
};
const customPatchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];
const longestWatchMs = 3_600_000;

/** The API of one cluster: authorises each request and answers it from the store. */
export class Api {
  private readonly objects: Objects;

  constructor(
    private readonly store: Store,
    private readonly types: readonly ResourceType[],
    private readonly authorizer: Authorizer,
  ) {
    this.objects = new Objects(store, types);
  }

  async handle(received: Exchange): Promise<void> {
    const exchange = new Exchange(received.request, received.response, actingUser(received, this.authorizer));
    const target = parseTarget(this.types, exchange.url.pathname);
    if (target.kind === 'resource') return this.handleResource(exchange, target);
    if (target.kind === 'review') return this.handleReview(exchange, target.review);
    this.authorizer.check(exchange.user, {
      kind: 'path',
      verb: exchange.method.toLowerCase(),
      path: exchange.url.pathname,
    });
    this.handlePath(exchange, exchange.url.pathname.replace(/\/$/, ''));
  }

  private handlePath(exchange: Exchange, path: string): void {
    const [, root, group = '', version] = path.split('/');
    if (['readyz', 'livez', 'healthz'].includes(root ?? '')) return exchange.replyText(200, 'ok');
    const document = this.document(exchange, path, root, group, version);
    if (document !== undefined) return exchange.reply(200, document);
    if (
      this.types.some((type) =>
        path.startsWith(`/${type.group === '' ? 'api' : `apis/${type.group}`}/${type.version}/`),
      )
    )
      throw kubeErrors.pathNotFound();
    exchange.replyText(404, '404 page not found\n');
  }

  private document(
    exchange: Exchange,
    path: string,
    root: string | undefined,
    group: string,
    version: string | undefined,
  ): JsonRecord | undefined {
    if (root === 'version') return { ...versionInfo };
    if (path === '/api') return coreVersions(exchange.request.headers.host ?? '');
    if (path === '/apis') return groupList(this.types);
    if (root === 'api' && version === undefined) return resourceList(this.types, '', group);
    if (root === 'apis' && version === undefined) return groupInfo(this.types, group);
    if (root === 'apis' && path.split('/').length === 4) return resourceList(this.types, group, version ?? '');
    if (path === '/openapi/v3') return openApiIndex(this.types);
    if (path.startsWith('/openapi/v3/')) return openApiDocument(this.types, path.slice('/openapi/v3/'.length));
    return undefined;
  }

  private async handleResource(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { type, namespace, name, subresource } = target;
    const verb = verbOf(exchange, target);
    this.authorizer.check(exchange.user, attempt(target, verb));
    if (!type.verbs.includes(verb)) throw kubeErrors.methodNotAllowed();
    switch (verb) {
      case 'get':
        return this.get(exchange, target);
      case 'list':
        return this.list(exchange, type, namespace);
      case 'watch':
        return this.watch(exchange, target);
      case 'create':
        return exchange.reply(
          201,
          this.shown(
            exchange,
            type,
            await this.objects.create(type, namespace, await exchange.body(), this.options(exchange, target)),
          ),
        );
      case 'deletecollection':
        return this.deleteAll(exchange, target);
      case 'delete':
        return this.delete(exchange, target);
    }
    const place: Place = { namespace, name: name ?? '', subresource };
    const options = this.options(exchange, target);
    const written =
      verb === 'update'
        ? await this.objects.update(type, place, await exchange.body(), options)
        : await this.objects.patch(type, place, patchKindOf(exchange, type), await exchange.body(), options);
    exchange.reply(written.isNew ? 201 : 200, this.shown(exchange, type, written.object));
  }

  private get(exchange: Exchange, { type, namespace, name = '' }: ResourceTarget): void {
    const object = this.store.get(type, namespace, name);
    if (object === undefined) throw kubeErrors.notFound(type, name);
    exchange.reply(200, this.shown(exchange, type, object));
  }

  private list(exchange: Exchange, type: ResourceType, namespace: string | undefined): void {
    const page = listPage(this.store, type, namespace, exchange.query);
    if (wantsTable(exchange.request.headers.accept))
      return exchange.reply(200, toTable(type, page.items, page.metadata, includeOf(exchange)));
    exchange.reply(200, {
      kind: `${type.kind}List`,
      apiVersion: apiVersionOf(type),
      metadata: page.metadata,
      items: page.items,
    });
  }

  private watch(exchange: Exchange, { type, namespace, name }: ResourceTarget): void {
    const { query, response } = exchange;
    const isTable = wantsTable(exchange.request.headers.accept);
    const matches = queryMatcher(type, query, name);
    const given = query.get('resourceVersion');
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      'transfer-encoding': 'chunked',
    });
    response.flushHeaders();
    const stop = startWatch(
      this.store,
      {
        type,
        namespace,
        matches,
        resourceVersion: given === null || given === '' ? undefined : Number(given),
        wantsBookmarks: query.get('allowWatchBookmarks') === 'true',
        wantsInitialEvents: query.get('sendInitialEvents') === 'true',
        timeoutMs: seconds > 0 ? Math.min(seconds * 1000, longestWatchMs) : longestWatchMs,
        show: (object) =>
          isTable
            ? toTable(type, [object], { resourceVersion: object.metadata.resourceVersion }, includeOf(exchange))
            : object,
      },
      { send: (line) => response.write(`${JSON.stringify(line)}\n`), end: () => response.end() },
    );
    response.on('close', stop);
  }

  private async delete(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { type, namespace, name = '' } = target;
    const body = withQuery(await exchange.body(), exchange.query);
    const { object, isGone } = await this.objects.delete(
      type,
      { namespace, name, subresource: '' },
      body,
      this.options(exchange, target, body),
    );
    if (!isGone || type.kind === 'Pod' || type.kind === 'Service') return exchange.reply(200, object);
    exchange.reply(200, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(type.group === '' ? {} : { group: type.group }),
        kind: type.plural,
        uid: object.metadata.uid,
      },
    });
  }

  private async deleteAll(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { type, namespace } = target;
    const body = withQuery(await exchange.body(), exchange.query);
    const { items, metadata } = listPage(this.store, type, namespace, exchange.query);
    const options = this.options(exchange, target, body);
    for (const { metadata: each } of items)
      await this.objects.delete(type, { namespace: each.namespace, name: each.name, subresource: '' }, body, options);
    exchange.reply(200, { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata, items });
  }

  private options(exchange: Exchange, target: ResourceTarget, body?: unknown): WriteOptions {
    const { query } = exchange;
    return {
      user: exchange.user,
      fieldManager: exchange.fieldManager,
      warnings: exchange.warnings,
      force: query.get('force') === 'true',
      isDryRun: isDryRun(exchange.method, query, body),
      fieldValidation: fieldValidationOf(query),
      mayCreate: () => this.authorizer.check(exchange.user, attempt(target, 'create')),
    };
  }

  private shown(exchange: Exchange, type: ResourceType, object: KubeObject): JsonRecord {
    if (!wantsTable(exchange.request.headers.accept)) return object;
    return toTable(type, [object], { resourceVersion: object.metadata.resourceVersion }, includeOf(exchange));
  }

  private async handleReview(
    exchange: Exchange,
    review: Extract<RequestTarget, { kind: 'review' }>['review'],
  ): Promise<void> {
    this.authorizer.check(exchange.user, {
      kind: 'resource',
      verb: 'create',
      group: review.group,
      resource: review.plural,
      subresource: '',
      namespace: '',
      name: '',
    });
    if (exchange.method !== 'POST') throw kubeErrors.methodNotAllowed();
    const body = await exchange.body();
    const answer = {
      kind: review.kind,
      apiVersion: `${review.group}/${review.version}`,
      metadata: { creationTimestamp: null },
    };
    if (review.kind === 'SelfSubjectReview') {
      const { name, uid, groups } = exchange.user;
      return exchange.reply(201, {
        ...answer,
        status: { userInfo: { username: name, ...(uid === '' ? {} : { uid }), groups } },
      });
    }
    if (review.kind === 'SelfSubjectRulesReview')
      return exchange.reply(201, { ...answer, spec: {}, status: this.rulesStatus(exchange, body) });
    const allowed = this.authorizer.isAllowed(exchange.user, askedAttempt(body));
    exchange.reply(201, {
      ...answer,
      spec: recordAt(body, 'spec') ?? {},
      status: {
        allowed,
        ...(allowed && !exchange.user.groups.includes('system:masters') ? { reason: 'RBAC: allowed' } : {}),
      },
    });
  }

  private rulesStatus(exchange: Exchange, body: unknown): JsonRecord {
    const rules = this.authorizer.rulesFor(exchange.user, stringAt(body, 'spec', 'namespace') ?? '');
    return {
      incomplete: false,
      resourceRules: rules.filter((rule) => rule['resources']),
      nonResourceRules: rules.filter((rule) => rule['nonResourceURLs']),
    };
  }
}

function verbOf(exchange: Exchange, { name, type }: ResourceTarget): string {
  const isWatch = ['true', '1'].includes(exchange.query.get('watch') ?? '');
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return isWatch ? 'watch' : name === undefined ? 'list' : 'get';
    case 'POST':
      if (name === undefined) return 'create';
      break;
    case 'PUT':
      if (name !== undefined) return 'update';
      break;
    case 'PATCH':
      if (name !== undefined) return 'patch';
      break;
    case 'DELETE':
      if (name !== undefined || type.verbs.includes('deletecollection'))
        return name === undefined ? 'deletecollection' : 'delete';
      break;
  }
  throw kubeErrors.methodNotAllowed();
}

function attempt({ type, namespace = '', name = '', subresource }: ResourceTarget, verb: string): Attempt {
  // Kubernetes takes a Namespace object to be in itself, so that a Role there can allow reading it.
  const scope = type.kind === 'Namespace' && type.group === '' ? name : namespace;
  return { kind: 'resource', verb, group: type.group, resource: type.plural, subresource, namespace: scope, name };
}

function askedAttempt(body: unknown): Attempt {
  const path = recordAt(body, 'spec', 'nonResourceAttributes');
  if (path) return { kind: 'path', verb: stringAt(path, 'verb') ?? '', path: stringAt(path, 'path') ?? '' };
  const asked = recordAt(body, 'spec', 'resourceAttributes');
  if (asked === undefined) {
    throw kubeErrors.invalid('SelfSubjectAccessReview', 'authorization.k8s.io', '', [
      {
        type: 'FieldValueInvalid',
        field: 'spec.resourceAttributes',
        message: 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
      },
    ]);
  }
  const text = (field: string) => stringAt(asked, field) ?? '';
  return {
    kind: 'resource',
    verb: text('verb'),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  };
}

function patchKindOf(exchange: Exchange, type: ResourceType): PatchKind {
  const kind = patchKinds[exchange.contentType];
  const accepted = type.isCustom ? customPatchTypes : [...customPatchTypes, 'application/strategic-merge-patch+json'];
  if (kind === undefined || !accepted.includes(exchange.contentType)) throw kubeErrors.unsupportedMediaType(accepted);
  return kind;
}

const optionKinds: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

function isDryRun(method: string, query: URLSearchParams, body: unknown): boolean {
  const asked =
    query.get('dryRun') ??
    (isRecord(body) && Array.isArray(body['dryRun']) ? (body['dryRun'][0] as unknown) : undefined);
  if (asked !== undefined && asked !== 'All') {
    const message = `Unsupported value: ${JSON.stringify([asked])}: supported values: "All"`;
    throw kubeErrors.invalid(optionKinds[method] ?? '', 'meta.k8s.io', '', [
      { type: 'FieldValueNotSupported', field: 'dryRun', message },
    ]);
  }
  return asked === 'All';
}

function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const asked = query.get('fieldValidation') ?? 'Warn';
  if (asked === 'Ignore' || asked === 'Warn' || asked === 'Strict' || asked === '')
    return asked === '' ? 'Warn' : asked;
  throw kubeErrors.badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(asked)}: supported values: "Ignore", "Strict", "Warn"`,
  );
}

function withQuery(body: unknown, query: URLSearchParams): JsonRecord {
  const grace = query.get('gracePeriodSeconds');
  return { ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }), ...(isRecord(body) ? body : {}) };
}

function includeOf(exchange: Exchange): string {
  return exchange.query.get('includeObject') ?? 'Metadata';
}
