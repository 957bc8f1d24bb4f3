/** The value of a cookie in a request's Cookie header. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}

/** What a stickiness cookie holds: who is meant, until when. Ours, as AWS's own is not to be read by anybody. */
export function encodePin(whom: string, expiresAtMs: number): string {
  return Buffer.from(`${expiresAtMs} ${whom}`).toString('base64url');
}

/** Whom a cookie means, unless it has expired or is not one of ours. */
export function decodePin(value: string | undefined, nowMs: number): string | undefined {
  const [, expiresAtMs, whom] = /^(\d+) (.+)$/.exec(Buffer.from(value ?? '', 'base64url').toString()) ?? [];
  return expiresAtMs !== undefined && Number(expiresAtMs) > nowMs ? whom : undefined;
}

/** The two cookies AWS sets for one kind of stickiness; the CORS one is for cross-site requests. */
export function setCookies(name: 'AWSALB' | 'AWSALBTG', value: string, seconds: number, nowMs: number): string[] {
  const expires = new Date(nowMs + seconds * 1000).toUTCString();
  return [
    `${name}=${value}; Expires=${expires}; Path=/`,
    `${name}CORS=${value}; Expires=${expires}; Path=/; SameSite=None; Secure`,
  ];
}
