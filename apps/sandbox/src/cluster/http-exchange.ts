import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import type { User } from './authentication.js';
import type { JsonRecord } from './json.js';
import { KubeError, kubeErrors } from './kube-error.js';
import { decodeKubernetesProtobuf } from './protobuf.js';
import { errorText } from '../shared/error-facts.js';

const largestBodyBytes = 3 * 1024 * 1024;

/** One request and its reply. */
export class Exchange {
  readonly url: URL;
  readonly warnings: string[] = [];

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly user: User,
  ) {
    this.url = new URL(request.url ?? '/', 'https://cluster');
  }

  get query(): URLSearchParams {
    return this.url.searchParams;
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get contentType(): string {
    return (this.request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  }

  /** Name to own fields under when the client gives none: its program's name, as Kubernetes takes it from User-Agent. */
  get fieldManager(): string {
    const given = this.query.get('fieldManager');
    if (given) return given;
    if (this.contentType === 'application/apply-patch+yaml') return '';
    return (this.request.headers['user-agent'] ?? 'unknown').split('/')[0]?.slice(0, 128) || 'unknown';
  }

  /** The body, sent as JSON, YAML or protobuf; undefined when empty. Throws 400 when it can't be read, 413 when it is too large. */
  async body(): Promise<unknown> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largestBodyBytes)
        throw new KubeError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${largestBodyBytes}`);
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    if (this.contentType === 'application/vnd.kubernetes.protobuf')
      return bytes.length === 0 ? undefined : decodeKubernetesProtobuf(bytes);
    const text = bytes.toString('utf8');
    if (text.trim() === '') return undefined;
    try {
      return this.contentType.includes('yaml') && !text.trimStart().startsWith('{')
        ? parseYaml(text)
        : JSON.parse(text);
    } catch (error) {
      throw kubeErrors.badRequest(`couldn't get version/kind; json parse error: ${errorText(error)}`);
    }
  }

  reply(code: number, body: JsonRecord, contentType = 'application/json'): void {
    const text = JSON.stringify(body);
    const warning = this.warnings.map((each) => `299 - ${JSON.stringify(each)}`);
    if (warning.length > 0) this.response.setHeader('warning', warning);
    this.response.writeHead(code, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-cache, private',
    });
    this.response.end(text);
  }

  replyText(code: number, text: string): void {
    this.response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    this.response.end(text);
  }
}
