import type { ClusterAccess } from '@sluice/control';
import { InvalidInput } from '@sluice/domain';
import { StrictReader } from './strict-reader.js';

/** Where a cluster is and how we show ourselves to it. */
export type ClusterEndpoint = Pick<ClusterAccess, 'server' | 'caPem' | 'tlsServerName' | 'auth'>;

const keys = ['server', 'caData', 'caPem', 'tlsServerName', 'token', 'clientCertificate', 'clientKey'] as const;

/**
 * What a user may give: `server` (https), `caPem` (PEM) or `caData` (base64 of PEM), `tlsServerName` if the certificate
 * has another name, and either `token` or `clientCertificate` with `clientKey` (PEM). Any other key (exec, proxy …) is
 * refused by name. Throws InvalidInput with every field that is wrong; values are never repeated.
 */
export function parseClusterCredentials(input: unknown): ClusterEndpoint {
  const read = new StrictReader();
  const given = read.record(input, '', keys);
  if (given['caData'] !== undefined && given['caPem'] !== undefined)
    read.complain('caPem', 'give caPem or caData, not both');
  const caFromData = read.base64(given['caData'], 'caData');
  const endpoint = assemble(read, {
    server: read.server(given['server'], 'server'),
    caPem: read.certificate(
      caFromData ?? read.text(given['caPem'], 'caPem'),
      given['caData'] === undefined ? 'caPem' : 'caData',
    ),
    tlsServerName: read.serverName(given['tlsServerName'], 'tlsServerName'),
    token: read.token(given['token'], 'token'),
    certPem: read.text(given['clientCertificate'], 'clientCertificate'),
    keyPem: read.text(given['clientKey'], 'clientKey'),
    fields: { token: 'token', cert: 'clientCertificate', key: 'clientKey' },
  });
  if (read.issues.length > 0) throw new InvalidInput(read.issues);
  return endpoint;
}

/** The parts of an endpoint as read, with the names their source gives to the fields of the user. */
export interface EndpointParts {
  readonly server: string;
  readonly caPem: string;
  readonly tlsServerName: string | undefined;
  readonly token: string | undefined;
  readonly certPem: string | undefined;
  readonly keyPem: string | undefined;
  readonly fields: { readonly token: string; readonly cert: string; readonly key: string };
}

/** Joins the parts; complains unless there is exactly one way to log in. */
export function assemble(read: StrictReader, parts: EndpointParts): ClusterEndpoint {
  const { token, certPem, keyPem, fields } = parts;
  const byCertificate = certPem !== undefined || keyPem !== undefined;
  if (token !== undefined && byCertificate)
    read.complain(fields.token, 'give a token or a client certificate, not both');
  if (token === undefined && !byCertificate)
    read.complain(fields.token, 'is missing: give a token, or a client certificate with its key');
  return {
    server: parts.server,
    caPem: parts.caPem,
    ...(parts.tlsServerName === undefined ? {} : { tlsServerName: parts.tlsServerName }),
    auth: byCertificate
      ? { kind: 'clientCertificate', ...read.keyPair(certPem, keyPem, fields.cert, fields.key) }
      : { kind: 'token', token: token ?? '' },
  };
}
