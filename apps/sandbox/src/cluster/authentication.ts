import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { kubeErrors } from './kube-error.js';

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

const anonymous: User = { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] };

/**
 * Tells who asks: by bearer token out of a token file (`token,user,uid,"group1,group2"` per line, as kube-apiserver's
 * `--token-auth-file`), else by a client certificate of the cluster's CA (CN is the user, each O a group), else anonymous.
 */
export class Authenticator {
  private readonly users: readonly { token: Buffer; user: User }[];

  constructor(tokenFile: string) {
    this.users = readFileSync(tokenFile, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(parseLine);
  }

  /** Throws 401 for a token that nobody has. */
  whoIs(request: IncomingMessage): User {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
      const user = token === undefined ? undefined : this.byToken(Buffer.from(token));
      if (user === undefined) throw kubeErrors.unauthorized();
      return user;
    }
    return byCertificate(request.socket as TLSSocket) ?? anonymous; // the server speaks TLS alone
  }

  private byToken(token: Buffer): User | undefined {
    return this.users.find((each) => each.token.length === token.length && timingSafeEqual(each.token, token))?.user;
  }
}

function parseLine(line: string): { token: Buffer; user: User } {
  const [token = '', name = '', uid = '', groups = ''] =
    /^([^,]+),([^,]+),([^,]+)(?:,"?([^"]*)"?)?$/.exec(line.trim())?.slice(1) ?? [];
  return {
    token: Buffer.from(token),
    user: { name, uid, groups: [...groups.split(',').filter((group) => group !== ''), 'system:authenticated'] },
  };
}

function byCertificate(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string | string[]; O?: string | string[] } };
  const name = [subject?.CN ?? []].flat()[0];
  return name === undefined
    ? undefined
    : { name, uid: '', groups: [...[subject?.O ?? []].flat(), 'system:authenticated'] };
}
