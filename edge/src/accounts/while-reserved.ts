/** Storing what a video begins with may take longer than its account waits for the recording: meanwhile the reservation is renewed. */
import { RESERVATION_SECONDS } from '@everframe/shared';

const RENEWALS_A_WAIT = 3;

/** @param reserve safe to repeat; one renewal may fail, the next is in time */
export async function whileReserved<T>(reserve: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const renew = () => void reserve().catch(() => undefined);
  const renewals = setInterval(renew, (RESERVATION_SECONDS * 1000) / RENEWALS_A_WAIT);
  try {
    return await work();
  } finally {
    clearInterval(renewals);
  }
}
