import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { errorCode } from '../shared/error-facts.js';

/** Listens on loopback at the port that `file` remembers, else `wanted`, else any; remembers where it ended up. */
export async function listenAtRemembered(server: Server, file: string, wanted = 0): Promise<number> {
  const port = remembered(file) ?? wanted;
  const bound = await listenOn(server, port).catch((error: unknown) => {
    const isTaken = ['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '');
    if (!isTaken || port === 0) throw error;
    return listenOn(server, 0);
  });
  writeFileSync(file, String(bound));
  return bound;
}

function remembered(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined; // the first start: nothing is remembered yet
  }
}

export function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port); // bound to an IP, so the address is one
    });
  });
}
