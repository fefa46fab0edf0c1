/** What a call to a Durable Object brings back. An error class does not survive RPC, so a refusal travels as a value. */
import { type ErrorCode, EverframeError } from '@everframe/shared';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly param: string | null };

/** Runs `work` inside the object and turns its refusal into a value; any other error stays an exception. */
export async function toOutcome<T>(work: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof EverframeError)) throw error;
    return { ok: false, code: error.code, message: error.message, param: error.param };
  }
}

/** The value outside of the object, or the refusal thrown again. */
export function fromOutcome<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new EverframeError(outcome.code, outcome.message, { param: outcome.param });
}
