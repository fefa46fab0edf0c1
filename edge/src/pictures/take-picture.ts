/**
 * The picture that a request wants its video to begin with: a form's file, a data URL, or what lies at a URL. What came
 * with the request is judged at once; a URL is fetched once it is sure that the request was not answered before.
 */
import { EverframeError, PICTURE_LIMITS, URL_MAX_CHARACTERS } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { fetchFile } from '../http/fetch-file.ts';
import { checkPicture, type Picture, param, pictureTooLarge } from './check-picture.ts';

export type ReadPicture = () => Promise<Picture>;

/** Less than IDEMPOTENCY_HOLD_SECONDS, so that a repetition seldom meets its own first try. */
const FETCH_TIMEOUT_MS = 8_000;
const AGENT = 'Everframe-Picture/1';
const URL_PARAM = `${param}.image_url`;
const SEND_IT = "Send the picture as a file of a form, or as 'image_url': a data URL or an https URL.";

/** @returns undefined for a video that begins with its prompt alone; @throws EverframeError naming the field */
export async function takePicture(c: Context<AppEnv>, value: unknown): Promise<ReadPicture | undefined> {
  if (value === undefined) return undefined;
  if (value instanceof File) {
    if (value.size > PICTURE_LIMITS.max_bytes) throw pictureTooLarge();
    return always(await checkPicture(c, new Uint8Array(await value.arrayBuffer())));
  }
  const url = parseImageUrl(value);
  if (url.startsWith('data:')) return always(await checkPicture(c, parseDataUrl(url)));
  if (url.length > URL_MAX_CHARACTERS) {
    throw new EverframeError('string_too_long', `'${URL_PARAM}' may have at most ${URL_MAX_CHARACTERS} characters; got ${url.length}.`, {
      param: URL_PARAM,
    });
  }
  const options = { param: URL_PARAM, agent: AGENT, timeout_ms: FETCH_TIMEOUT_MS, max_bytes: PICTURE_LIMITS.max_bytes };
  return async () => checkPicture(c, await fetchFile(url, { ...options, rules: c.get('settings').outbound, tooLarge: pictureTooLarge }));
}

function always(picture: Picture): ReadPicture {
  return async () => picture;
}

function parseImageUrl(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EverframeError('invalid_type', `'${param}' must be a file or an object. ${SEND_IT}`, { param });
  }
  const { image_url, ...others } = value as Readonly<Record<string, unknown>>;
  if ('file_id' in others) {
    const file_id = `${param}.file_id`;
    throw new EverframeError('unsupported_parameter', `No files are kept here, so '${file_id}' names none. ${SEND_IT}`, { param: file_id });
  }
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const name = `${param}.${other.slice(0, 60).toWellFormed()}`;
    throw new EverframeError('unknown_parameter', `Unknown parameter: '${name}'. ${SEND_IT}`, { param: name });
  }
  if (image_url === undefined) {
    throw new EverframeError('missing_required_parameter', `Missing required parameter: '${URL_PARAM}'. ${SEND_IT}`, { param: URL_PARAM });
  }
  if (typeof image_url !== 'string') {
    throw new EverframeError('invalid_type', `'${URL_PARAM}' must be a text. ${SEND_IT}`, { param: URL_PARAM });
  }
  return image_url;
}

/** The type that it states is not asked: the bytes say theirs. */
function parseDataUrl(url: string): Uint8Array<ArrayBuffer> {
  const comma = url.indexOf(',');
  if (comma < 0 || comma > 200 || !/;base64$/i.test(url.slice(0, comma))) throw notBase64();
  if (url.length - comma > (PICTURE_LIMITS.max_bytes * 4) / 3 + 4) throw pictureTooLarge();
  let binary: string;
  try {
    binary = atob(url.slice(comma + 1));
  } catch (cause) {
    throw notBase64(cause);
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function notBase64(cause?: unknown): EverframeError {
  return new EverframeError('invalid_value', `'${URL_PARAM}' must be a data URL in base64, 'data:image/png;base64,…'.`, {
    param: URL_PARAM,
    cause,
  });
}
