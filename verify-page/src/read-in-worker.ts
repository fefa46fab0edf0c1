/** The C2PA reader as pages ask it, and the roots by which it judges: both from the place that this program came from. */
import type { TrustRoots, VerificationReport } from '@everframe/shared/verification';
import type { CheckAnswer, CheckRequest } from './reader-worker.ts';

const TRUST_URL = new URL('/v1/verify/trust', import.meta.url);
const TRUST_TIMEOUT_MS = 20_000;

let trust: Promise<TrustRoots> | undefined;

export function fetchTrust(): Promise<TrustRoots> {
  trust ??= (async () => {
    const signal = AbortSignal.timeout(TRUST_TIMEOUT_MS);
    const response = await fetch(TRUST_URL, { credentials: 'omit', referrerPolicy: 'no-referrer', signal });
    if (!response.ok) throw new Error('The list of trusted signers could not be loaded, so nothing can be said. Try again.');
    return response.json();
  })();
  trust.catch(() => {
    trust = undefined;
  });
  return trust;
}

/** A worker for each file: what a broken file does to one ends with it. */
export function readInWorker(request: CheckRequest): Promise<VerificationReport> {
  const address = ownAddress(new URL('reader-worker.js', import.meta.url));
  const worker = new Worker(address, { type: 'module' });
  return new Promise<VerificationReport>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<CheckAnswer>) => {
      if ('report' in data) resolve(data.report);
      else reject(new Error(`The file could not be checked here: ${data.error}`));
    });
    worker.addEventListener('error', () => reject(new Error('The checker could not be loaded in this browser.')));
    worker.postMessage(request);
  }).finally(() => {
    worker.terminate();
    URL.revokeObjectURL(address);
  });
}

/**
 * A page begins workers at its own origin alone; what they import may come from another. Not at their start: browsers hold
 * that against `worker-src`, and what the page allows is a script.
 */
function ownAddress({ origin, href }: URL): string {
  if (origin === location.origin) return href;
  const program = `addEventListener('message', async ({ data }) => {
    try {
      await import(${JSON.stringify(href)});
      dispatchEvent(new MessageEvent('message', { data }));
    } catch (error) {
      postMessage({ error: String(error) });
    }
  }, { once: true });`;
  return URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
}
