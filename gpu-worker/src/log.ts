/** One JSON object a line on standard error. Never prompts, secrets or stacks of other people's errors. */

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** @param context fields that every line carries */
export function createLog(context: Readonly<Record<string, unknown>>): Log {
  return (level, message, fields) => {
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...context, ...fields })}\n`);
  };
}
