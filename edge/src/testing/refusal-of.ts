/** For tests: what OpenAI's stock SDK throws where a call is refused. */
import { APIError } from 'openai';

/** @throws Error where the call was accepted; whatever else went wrong, as it is */
export async function refusalOf(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('not refused');
}
