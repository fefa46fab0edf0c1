/** One line of JSON for each thing an operator should know. Never a secret, a prompt or a signed URL. */

export function log(level: 'info' | 'warn' | 'error', msg: string, fields: Readonly<Record<string, unknown>> = {}): void {
  console[level](JSON.stringify({ ts: new Date().toISOString(), level, msg, ...fields }));
}

/** An error and its causes as one text for the log. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? text : `${text}\ncaused by ${describeError(error.cause)}`;
}
