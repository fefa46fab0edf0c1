/** What a person did or has that stops a command: shown as its one sentence, without a stack. */
export class Failure extends Error {
  /** 1: it did not work; 2: the command line is wrong. */
  readonly exit_code: number;

  constructor(message: string, options: { exit_code?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.exit_code = options.exit_code ?? 1;
  }
}

export function usageFailure(message: string): Failure {
  return new Failure(message, { exit_code: 2 });
}

/** The system's code of an error (`ENOENT`, `ENOSPC`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
