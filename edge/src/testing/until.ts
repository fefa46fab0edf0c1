/** For tests: asks again until the answer is there, so nobody has to guess how long something takes. */
import { setTimeout } from 'node:timers/promises';

const DEADLINE_MS = 15_000;

export async function until<T>(what: string, ask: () => Promise<T | undefined | false | null>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer) return answer;
    await setTimeout(25);
  }
  throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
}
