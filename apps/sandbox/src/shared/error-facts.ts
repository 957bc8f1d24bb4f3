/** The `code` of a system error (`ENOENT`, `EADDRINUSE`, …), if it has one. Asks for the property, as errors of another realm are no `Error` here. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What went wrong, in the error's own words. */
export function errorText(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
