// The requests to a cluster that a scenario makes itself: a namespace and its Services, as a team's own deployment
// would. Everything else in the clusters is Sluice's or the controller's to do.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { inParallel } from '../lib/in-parallel.mjs';
import { ToolError } from '../lib/say.mjs';

const FIELD_MANAGER = 'walkthrough';
const AT_ONCE = 4;

/** One cluster, reached as its administrator. */
export class ClusterClient {
  #kubeconfigFile;

  constructor(kubeconfigFile) {
    this.#kubeconfigFile = kubeconfigFile;
  }

  /**
   * Applies (server-side) a namespace with these Services in it: `{ name, port, annotations }` each; the last may be left
   * out.
   */
  async applyServices(namespace, services) {
    const cluster = await connection(this.#kubeconfigFile);
    const inNamespace = `/api/v1/namespaces/${namespace}`;
    await apply(cluster, inNamespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await inParallel(services, AT_ONCE, ({ name, port, annotations = {} }) =>
      apply(cluster, `${inNamespace}/services/${name}`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace, labels: { app: name }, annotations },
        spec: {
          type: 'ClusterIP',
          selector: { app: name },
          ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP' }],
        },
      }),
    );
  }
}

async function connection(kubeconfigFile) {
  const { parse } = await import('yaml');
  const config = parse(readFileSync(kubeconfigFile, 'utf8'));
  const context = config.contexts.find(({ name }) => name === config['current-context']).context;
  const { cluster } = config.clusters.find(({ name }) => name === context.cluster);
  const { user } = config.users.find(({ name }) => name === context.user);
  const decoded = (data) => (data === undefined ? undefined : Buffer.from(data, 'base64'));
  return {
    server: cluster.server,
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
    token: user.token,
  };
}

async function apply({ server, token, ...tls }, path, object) {
  const url = new URL(`${path}?fieldManager=${FIELD_MANAGER}&force=true`, server);
  const headers = {
    'content-type': 'application/apply-patch+yaml',
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const { status, text } = await send(
    url,
    { method: 'PATCH', headers, timeout: 15_000, ...tls },
    JSON.stringify(object),
  );
  if (status >= 300)
    throw new ToolError(`applying ${object.kind} ${object.metadata.name} to ${server} was answered ${status}: ${text}`);
}

function send(url, options, body) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, options, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part) => (text += part));
      reply.once('error', reject).once('end', () => resolve({ status: reply.statusCode, text }));
    });
    request
      .once('timeout', () => request.destroy(new Error(`no answer from ${url.host} within 15 s`)))
      .once('error', reject);
    request.end(body);
  });
}
