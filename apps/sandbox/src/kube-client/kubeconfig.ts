import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** How to reach one cluster, out of a kubeconfig's current context. */
export interface ClusterAccess {
  readonly server: string;
  readonly caPem?: string;
  readonly token?: string;
  readonly certificatePem?: string;
  readonly keyPem?: string;
}

interface Kubeconfig {
  'current-context': string;
  clusters: {
    name: string;
    cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string };
  }[];
  users: { name: string; user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
}

/** Throws when the current context, or what it names, is not there. */
export function readKubeconfig(file: string): ClusterAccess {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig; // the format that kubectl defines; what is missing is told below
  const context = config.contexts.find((each) => each.name === config['current-context'])?.context;
  const cluster = config.clusters.find((each) => each.name === context?.cluster)?.cluster;
  const user = config.users.find((each) => each.name === context?.user)?.user;
  if (cluster === undefined || user === undefined)
    throw new Error(
      `${file}: the current context "${config['current-context']}" names no cluster and user that are in the file`,
    );
  const plain = (data: string | undefined) =>
    data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
  const ca =
    plain(cluster['certificate-authority-data']) ??
    (cluster['certificate-authority'] ? readFileSync(cluster['certificate-authority'], 'utf8') : undefined);
  const [certificate, key] = [plain(user['client-certificate-data']), plain(user['client-key-data'])];
  return {
    server: cluster.server.replace(/\/$/, ''),
    ...(ca === undefined ? {} : { caPem: ca }),
    ...(user.token === undefined ? {} : { token: user.token }),
    ...(certificate === undefined ? {} : { certificatePem: certificate }),
    ...(key === undefined ? {} : { keyPem: key }),
  };
}
