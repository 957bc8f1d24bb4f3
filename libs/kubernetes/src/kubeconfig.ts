import { largestKubeconfigBytes } from '@sluice/control';
import { InvalidInput } from '@sluice/domain';
import { isRecord } from './api-reply.js';
import { readYaml } from './bounded-yaml.js';
import { assemble, type ClusterEndpoint } from './credentials.js';
import { StrictReader } from './strict-reader.js';

/** A kubeconfig of one cluster has some 5 KB and six levels. */
const limits = { bytes: largestKubeconfigBytes, depth: 32, timeMs: 1_000 };

/**
 * Reads a plain kubeconfig: the cluster and user of its current context, with embedded CA and embedded token or client
 * certificate. A kubeconfig can run programs, read files and send credentials elsewhere: every key that could, anywhere in
 * it, is refused by name, and so is every key that we do not know. At most 64 KB, 32 levels deep, read within a second.
 * Throws InvalidInput with every field that is wrong.
 */
export async function parseKubeconfig(text: string): Promise<ClusterEndpoint> {
  const read = new StrictReader();
  const config = read.record(await readYaml('the kubeconfig', text, limits), '', [
    'apiVersion',
    'kind',
    'clusters',
    'contexts',
    'users',
    'current-context',
    'preferences',
  ]);
  if (isRecord(config['preferences'])) read.record(config['preferences'], 'preferences', []);
  const clusters = entries(read, config['clusters'], 'clusters', 'cluster', [
    'server',
    'certificate-authority-data',
    'tls-server-name',
  ]);
  const users = entries(read, config['users'], 'users', 'user', [
    'token',
    'client-certificate-data',
    'client-key-data',
  ]);
  const contexts = entries(read, config['contexts'], 'contexts', 'context', ['cluster', 'user', 'namespace']);
  if (read.issues.length > 0) throw new InvalidInput(read.issues);
  const context = chosen(read, contexts, config['current-context'], 'current-context');
  const cluster = chosen(read, clusters, context?.body['cluster'], `${context?.field ?? 'contexts'}.cluster`);
  const user = chosen(read, users, context?.body['user'], `${context?.field ?? 'contexts'}.user`);
  if (cluster === undefined || user === undefined) throw new InvalidInput(read.issues);
  const endpoint = endpointOf(read, cluster, user);
  if (read.issues.length > 0) throw new InvalidInput(read.issues);
  return endpoint;
}

interface Entry {
  readonly name: string;
  readonly field: string;
  readonly body: Record<string, unknown>;
}

function entries(read: StrictReader, value: unknown, field: string, kind: string, allowed: readonly string[]): Entry[] {
  return read.list(value, field).map((item, index) => {
    const entry = read.record(item, `${field}.${index}`, ['name', kind]);
    const body = read.record(entry[kind], `${field}.${index}.${kind}`, allowed);
    return { name: read.text(entry['name'], `${field}.${index}.name`) ?? '', field: `${field}.${index}.${kind}`, body };
  });
}

function chosen(read: StrictReader, list: readonly Entry[], name: unknown, field: string): Entry | undefined {
  const matches = list.filter((entry) => entry.name !== '' && entry.name === name);
  if (matches.length !== 1)
    read.complain(
      field,
      matches.length === 0 ? 'must name an entry of this file' : 'names more than one entry of this file',
    );
  return matches[0];
}

function endpointOf(read: StrictReader, cluster: Entry, user: Entry): ClusterEndpoint {
  const at = (entry: Entry, key: string) => `${entry.field}.${key}`;
  const caField = at(cluster, 'certificate-authority-data');
  const [certField, keyField] = [at(user, 'client-certificate-data'), at(user, 'client-key-data')];
  return assemble(read, {
    server: read.server(cluster.body['server'], at(cluster, 'server')),
    caPem: read.certificate(read.base64(cluster.body['certificate-authority-data'], caField), caField),
    tlsServerName: read.serverName(cluster.body['tls-server-name'], at(cluster, 'tls-server-name')),
    token: read.token(user.body['token'], at(user, 'token')),
    certPem: read.base64(user.body['client-certificate-data'], certField),
    keyPem: read.base64(user.body['client-key-data'], keyField),
    fields: { token: at(user, 'token'), cert: certField, key: keyField },
  });
}
