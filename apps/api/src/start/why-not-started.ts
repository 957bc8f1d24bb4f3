import type { Config } from '../config.js';

/** One sentence for whoever started this: what is wrong, and which setting to look at. Never a secret. */
export function whyNotStarted(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): string {
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const at = `${host}:${port}`;
  if (code === 'EADDRINUSE')
    return `${at} is taken: another process listens there; end it, or set SLUICE_HTTP_PORT to a free port`;
  if (code === 'EADDRNOTAVAIL' || (syscall === 'getaddrinfo' && code !== undefined))
    return `SLUICE_HTTP_HOST is ${host}, which is no address of this machine (${code}); 0.0.0.0 is all of them`;
  if (code === 'EACCES' && syscall === 'listen')
    return `this process may not listen at ${at}; set SLUICE_HTTP_PORT to a port above 1023`;
  const message = error instanceof Error ? error.message : String(error);
  // the first line that says something: some libraries begin with an empty one
  return (
    message
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'for an unknown reason'
  );
}
