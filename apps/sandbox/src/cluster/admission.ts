import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import type { User } from './authentication.js';
import { isRecord, listAt, recordAt, stringAt, type JsonRecord } from './json.js';
import { KubeError, kubeErrors } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { labelMatcher } from './selectors.js';
import { jsonPatch } from './patch.js';
import type { ResourceType } from './resource-type.js';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from './resources/webhook-configurations.js';
import type { Store } from './store.js';
import { errorText } from '../shared/error-facts.js';

export interface AdmissionRequest {
  readonly type: ResourceType;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly subresource: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly user: User;
  readonly isDryRun: boolean;
}

/** Calls the webhooks that are registered in the store, over HTTPS with the CA they were registered with. */
export class Admission {
  constructor(private readonly store: Store) {}

  /** The object after all mutating webhooks. Throws what refuses it: a webhook's denial, or 500 for one that can't be called. */
  async mutate(asked: AdmissionRequest): Promise<KubeObject | undefined> {
    let object = asked.object;
    for (const webhook of this.matching(mutatingWebhookConfigurations, asked)) {
      const answer = await this.call(webhook, { ...asked, object });
      const patch = stringAt(answer, 'patch');
      if (patch !== undefined)
        object = jsonPatch(object, JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))) as KubeObject; // patched objects stay objects
    }
    return object;
  }

  async validate(asked: AdmissionRequest): Promise<void> {
    for (const webhook of this.matching(validatingWebhookConfigurations, asked)) await this.call(webhook, asked);
  }

  private matching(type: ResourceType, asked: AdmissionRequest): JsonRecord[] {
    if (asked.type.group === type.group) return [];
    return this.store
      .list(type)
      .flatMap((configuration) => listAt(configuration, 'webhooks'))
      .filter(isRecord)
      .filter((webhook) => listAt(webhook, 'rules').some((rule) => ruleMatches(rule, asked)))
      .filter((webhook) => selectorMatches(recordAt(webhook, 'objectSelector'), asked.object ?? asked.oldObject));
  }

  /** The webhook's response when it allows; undefined when it can't be called and its failurePolicy is Ignore. */
  private async call(webhook: JsonRecord, asked: AdmissionRequest): Promise<JsonRecord | undefined> {
    const name = stringAt(webhook, 'name') ?? '';
    let response: JsonRecord;
    try {
      response = await callWebhook(webhook, asked);
    } catch (error) {
      if (stringAt(webhook, 'failurePolicy') === 'Ignore') return undefined;
      const why = errorText(error);
      throw kubeErrors.internal(`failed calling webhook ${JSON.stringify(name)}: failed to call webhook: ${why}`);
    }
    if (response['allowed'] === true) return response;
    throw denial(name, recordAt(response, 'status') ?? {});
  }
}

function ruleMatches(rule: unknown, asked: AdmissionRequest): boolean {
  const resource = asked.subresource === '' ? asked.type.plural : `${asked.type.plural}/${asked.subresource}`;
  const has = (field: string, value: string) => listAt(rule, field).some((each) => each === '*' || each === value);
  return (
    has('operations', asked.operation) &&
    has('apiGroups', asked.type.group) &&
    has('apiVersions', asked.type.version) &&
    has('resources', resource)
  );
}

function selectorMatches(selector: JsonRecord | undefined, object: KubeObject | undefined): boolean {
  const labels = recordAt(selector, 'matchLabels');
  if (labels === undefined || object === undefined) return true;
  return labelMatcher(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  )(object);
}

function denial(name: string, status: JsonRecord): KubeError {
  const message = stringAt(status, 'message') ?? stringAt(status, 'reason');
  const given = status['code'];
  const code = typeof given === 'number' && given >= 400 ? given : 403;
  const base = `admission webhook ${JSON.stringify(name)} denied the request`;
  return new KubeError(
    code,
    stringAt(status, 'reason') ?? (code === 403 ? 'Forbidden' : ''),
    message ? `${base}: ${message}` : `${base} without explanation`,
  );
}

function reviewOf(asked: AdmissionRequest, uid: string): JsonRecord {
  const { type } = asked;
  const meta = (asked.object ?? asked.oldObject)?.metadata;
  const kind = { group: type.group, version: type.version, kind: type.kind };
  const resource = { group: type.group, version: type.version, resource: type.plural };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      operation: asked.operation,
      dryRun: asked.isDryRun,
      ...(asked.subresource === '' ? {} : { subResource: asked.subresource, requestSubResource: asked.subresource }),
      name: meta?.name,
      ...(meta?.namespace === undefined ? {} : { namespace: meta.namespace }),
      userInfo: { username: asked.user.name, uid: asked.user.uid, groups: asked.user.groups },
      object: asked.object ?? null,
      oldObject: asked.oldObject ?? null,
    },
  };
}

async function callWebhook(webhook: JsonRecord, asked: AdmissionRequest): Promise<JsonRecord> {
  const seconds = typeof webhook['timeoutSeconds'] === 'number' ? webhook['timeoutSeconds'] : 10;
  const url = stringAt(webhook, 'clientConfig', 'url');
  if (url === undefined) throw new Error('only webhooks with clientConfig.url can be called here');
  const uid = randomUUID();
  const ca = Buffer.from(stringAt(webhook, 'clientConfig', 'caBundle') ?? '', 'base64');
  const text = await post(`${url}?timeout=${seconds}s`, JSON.stringify(reviewOf(asked, uid)), ca, seconds * 1000);
  const response = recordAt(JSON.parse(text), 'response');
  if (response === undefined || response['uid'] !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}`);
  return response;
}

function post(url: string, body: string, ca: Buffer, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => reject(new Error(`Post ${JSON.stringify(url)}: ${why}`));
    const call = request(
      url,
      {
        method: 'POST',
        ca,
        agent: false,
        timeout: timeoutMs,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', (error) => refuse(error.message));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(new Error(`the server rejected our request: status ${String(answer.statusCode)}`));
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('context deadline exceeded')));
    call.on('error', (error: NodeJS.ErrnoException) =>
      refuse(
        error.code === 'ECONNREFUSED' ? `dial tcp ${new URL(url).host}: connect: connection refused` : error.message,
      ),
    );
    call.end(body);
  });
}
