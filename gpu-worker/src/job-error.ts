/**
 * Why a job ended early, as the video's record will say it: a code, and whether another worker or another try could
 * do better. Only what could succeed nowhere is permanent.
 */
import type { FailureCode } from '@everframe/shared';
import { InferenceError } from './inference-process.ts';

export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: FailureCode;
  readonly permanent: boolean;

  constructor(code: FailureCode, message: string, options: { permanent?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.permanent = options.permanent ?? false;
  }
}

/** Does one step of a job; what it throws becomes a JobError of `code`. */
export async function step<Result>(code: FailureCode, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof JobError) throw cause;
    throw new JobError(code, code.replace('_', ' '), { cause });
  }
}

/** The error as a JobError: inference says what it is, and what no step has named is the worker's own misfortune. */
export function asJobError(error: unknown): JobError {
  if (error instanceof JobError) return error;
  if (error instanceof InferenceError)
    return new JobError('generation_failed', error.message, { permanent: !error.retryable, cause: error.cause });
  return new JobError('worker_lost', 'the job broke off', { cause: error });
}
