import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Bearer tokens of one cluster's users. */
export interface ClusterTokens {
  /** User `admin` in group system:masters. */
  readonly admin: string;
  /** User `sluice`, bound to the least that Sluice needs. */
  readonly sluice: string;
  /** Where they stand, in the format of kube-apiserver's --token-auth-file. */
  readonly file: string;
}

/** The tokens kept in `<dir>/tokens`, made when they are not there. */
export function clusterTokens(dir: string): ClusterTokens {
  const file = join(dir, 'tokens');
  if (!existsSync(file)) {
    const [admin, sluice] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
    writeFileSync(file, `${admin},admin,admin,"system:masters"\n${sluice},sluice,sluice\n`, { mode: 0o600 });
  }
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(','));
  const tokenOf = (user: string): string => {
    const token = lines.find((line) => line[1] === user)?.[0];
    if (!token) throw new Error(`${file} holds no token for user ${user}; remove the file to have it made again`);
    return token;
  };
  return { admin: tokenOf('admin'), sluice: tokenOf('sluice'), file };
}

export interface KubeconfigFiles {
  readonly admin: string;
  readonly sluice: string;
}

/** Writes `kubeconfig` (admin) and `sluice.kubeconfig` into `dir` and answers their paths. */
export function writeKubeconfigs(
  dir: string,
  cluster: string,
  server: string,
  caPem: string,
  tokens: ClusterTokens,
): KubeconfigFiles {
  const files = { admin: join(dir, 'kubeconfig'), sluice: join(dir, 'sluice.kubeconfig') };
  for (const user of ['admin', 'sluice'] as const)
    writeFileSync(files[user], kubeconfig(cluster, server, caPem, user, tokens[user]), { mode: 0o600 });
  return files;
}

function kubeconfig(cluster: string, server: string, caPem: string, user: string, token: string): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': cluster,
      clusters: [
        { name: cluster, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
      ],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: cluster, context: { cluster, user } }],
    },
    { lineWidth: 0 },
  );
}
