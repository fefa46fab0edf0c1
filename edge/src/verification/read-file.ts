/**
 * The file that a client wants checked, under a bound: a form's `file`, the body itself, or what lies at a URL
 * that the body names. A URL is fetched by the rules for every address that a stranger names.
 */
import { EverframeError, JSON_BODY_MAX_BYTES, URL_MAX_CHARACTERS, VERIFY_MAX_BYTES, VISITOR_URL_MAX_BYTES } from '@everframe/shared';
import { fetchOutside, type OutboundRules } from '../http/outbound-guard.ts';
import { parseJsonObject, readBody } from '../http/read-body.ts';
import { type FileBody, type FileBound, openBody, tooLarge } from './file-body.ts';

const FETCH_TIMEOUT_MS = 30_000;
/** Of what comes behind the bytes that are held. */
const STREAM_TIMEOUT_MS = 300_000;
/** What a form adds to its file: boundaries, headers, small fields. */
const FORM_EXTRA_BYTES = 64 * 1024;
const AGENT = 'Everframe-Verify/1';
const VISITOR_BOUND: FileBound = {
  max_bytes: VISITOR_URL_MAX_BYTES,
  refusal: () =>
    new EverframeError(
      'body_too_large',
      `Without a key a file at a URL may have at most ${VISITOR_URL_MAX_BYTES} bytes. Send a key, or check it on your own machine: with the page /verify, or \`everframe verify\`.`,
      { param: 'url' },
    ),
};

/** A form with `file`, as OpenAI's SDK sends it. */
export async function readFormFile(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const content_type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(content_type)) {
    throw new EverframeError(
      'unsupported_media_type',
      `The content type must be multipart/form-data; got '${content_type.slice(0, 100)}'.`,
    );
  }
  let form: FormData;
  const body = await readBody(request, VERIFY_MAX_BYTES + FORM_EXTRA_BYTES);
  try {
    form = await new Response(body, { headers: { 'content-type': content_type } }).formData();
  } catch (cause) {
    throw new EverframeError('invalid_multipart', 'The body is not well-formed multipart/form-data: check boundary and end.', { cause });
  }
  const file: unknown = form.get('file');
  const param = 'file';
  if (file === null) throw new EverframeError('missing_required_parameter', "The form must have a 'file'.", { param });
  if (!(file instanceof File)) throw new EverframeError('invalid_type', "'file' must be a file with a name, not a text.", { param });
  if (file.size === 0) throw new EverframeError('invalid_value', "'file' is empty.", { param });
  if (file.size > VERIFY_MAX_BYTES) throw tooLarge();
  return new Uint8Array(await file.arrayBuffer());
}

/** A form, JSON `{"url": …}`, or the file as the body. */
export async function openAnyFile(request: Request, rules: OutboundRules, has_key: boolean): Promise<FileBody> {
  switch (request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()) {
    case 'multipart/form-data':
      return { kind: 'whole', bytes: await readFormFile(request) };
    case 'application/json':
      return fetchFile(parseUrl(parseJsonObject(await readBody(request, JSON_BODY_MAX_BYTES))), rules, has_key ? undefined : VISITOR_BOUND);
    default: {
      const body = await openBody(request.body, Number(request.headers.get('content-length') ?? 0));
      if (body.kind === 'stream' || body.bytes.length > 0) return body;
      throw new EverframeError('missing_required_parameter', 'Send a file: as a form\'s `file`, as the body, or as JSON {"url": …}.', {
        param: 'file',
      });
    }
  }
}

function parseUrl({ url, ...others }: Readonly<Record<string, unknown>>): string {
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new EverframeError('unknown_parameter', `There is no '${other.slice(0, 60)}' here; JSON has only 'url'.`, { param: other });
  }
  const param = 'url';
  if (url === undefined) throw new EverframeError('missing_required_parameter', "'url' is missing.", { param });
  if (typeof url !== 'string') throw new EverframeError('invalid_type', "'url' must be a text.", { param });
  if (url.length > URL_MAX_CHARACTERS) {
    throw new EverframeError('string_too_long', `'url' may have at most ${URL_MAX_CHARACTERS} characters; got ${url.length}.`, { param });
  }
  return url;
}

async function fetchFile(url: string, rules: OutboundRules, bound: FileBound | undefined): Promise<FileBody> {
  const param = 'url';
  const unreachable = (why: string, cause?: unknown) => new EverframeError('url_unreachable', `The URL ${why}.`, { param, cause });
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(), FETCH_TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetchOutside(url, { headers: { 'user-agent': AGENT }, signal: limit.signal }, rules);
  } catch (error) {
    if (error instanceof EverframeError) throw error;
    throw unreachable('did not answer', error);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw unreachable(response.status >= 300 && response.status < 400 ? 'leads elsewhere; name its end' : `answered ${response.status}`);
  }
  try {
    const file = await openBody(response.body, Number(response.headers.get('content-length') ?? 0), bound);
    clearTimeout(timer);
    if (file.kind === 'whole') return file;
    timer = setTimeout(() => limit.abort(), STREAM_TIMEOUT_MS);
    return { kind: 'stream', parts: named(file.parts) };
  } catch (error) {
    if (error instanceof EverframeError) throw error;
    throw unreachable('broke off', error);
  }

  async function* named(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* parts;
    } catch (error) {
      if (error instanceof EverframeError) throw error;
      throw unreachable('broke off', error);
    } finally {
      clearTimeout(timer);
    }
  }
}
