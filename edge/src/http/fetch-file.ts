/** What lies at a URL that a client named, whole and under a bound, by the rules for every address that a stranger names. */
import { EverframeError } from '@everframe/shared';
import { fetchOutside, type OutboundRules } from './outbound-guard.ts';
import { readBody } from './read-body.ts';

export interface FetchFileOptions {
  readonly rules: OutboundRules;
  /** Of the field that named the URL, for refusals. */
  readonly param: string;
  readonly agent: string;
  readonly timeout_ms: number;
  readonly max_bytes: number;
  readonly tooLarge: () => EverframeError;
}

/** @throws EverframeError naming the field */
export async function fetchFile(url: string, options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { rules, param, agent, timeout_ms, max_bytes, tooLarge } = options;
  const unreachable = (why: string, cause?: unknown) => new EverframeError('url_unreachable', `The URL ${why}.`, { param, cause });
  let response: Response;
  try {
    response = await fetchOutside(url, { headers: { 'user-agent': agent }, signal: AbortSignal.timeout(timeout_ms) }, rules);
  } catch (error) {
    if (error instanceof EverframeError) throw new EverframeError(error.code, error.message, { param, cause: error });
    throw unreachable('did not answer', error);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw unreachable(response.status >= 300 && response.status < 400 ? 'leads elsewhere; name its end' : `answered ${response.status}`);
  }
  try {
    const length = Number(response.headers.get('content-length') ?? 0);
    if (length > max_bytes) {
      await response.body?.cancel();
      throw tooLarge();
    }
    return await readBody(new Request('https://file.invalid/', { method: 'POST', body: response.body }), max_bytes);
  } catch (error) {
    if (error instanceof EverframeError) throw error.code === 'body_too_large' ? tooLarge() : error;
    throw unreachable('broke off', error);
  }
}
