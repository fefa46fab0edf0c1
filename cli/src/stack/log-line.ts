/** A line of the worker's or the edge's log, which both write as JSON; what the runtime under them writes is taken as it is. */

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

/** The worker's: `{"time", "level", "message", …}`. */
export function parseWorkerLine(text: string): LogLine {
  return parse(text, 'message') ?? { level: 'warn', message: text };
}

/**
 * The edge's, whose words are in `msg`.
 * @param level as workerd calls it: log, debug, info, warn, error
 */
export function parseEdgeLine(level: string, text: string): LogLine {
  const plain = level === 'error' || level === 'warn' ? level : 'info';
  return parse(text, 'msg') ?? { level: plain, message: text };
}

function parse(text: string, words: 'message' | 'msg'): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('level' in value) || !(words in value)) return undefined;
    const { [words]: said, message, ...fields } = value as { level: LogLine['level']; msg?: unknown; message?: unknown };
    // The edge may have a field `message` beside its words.
    return {
      ...fields,
      ...(words === 'msg' && message !== undefined && { detail: message }),
      message: String(words === 'msg' ? said : message),
    };
  } catch {
    return undefined;
  }
}
