/** One line of JSON for each thing an operator should know. Never a secret, a prompt, a stack or a signed URL. */
export function log(level: 'info' | 'warn' | 'error', msg: string, fields: Readonly<Record<string, unknown>> = {}): void {
  console[level](JSON.stringify({ ts: new Date().toISOString(), level, msg, ...fields }));
}
