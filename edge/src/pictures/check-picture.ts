/**
 * Whether a video may begin with these bytes: by what they say of themselves, before anything is stored or paid. That they
 * can be decoded to their end is seen by the worker. What a picture shows is not judged.
 */
import {
  EverframeError,
  PICTURE_LIMITS,
  PictureError,
  type PictureHeader,
  pictureFault,
  readPictureHeader,
  sha256Hex,
} from '@everframe/shared';
import { mediaTypeOf } from '@everframe/shared/verification';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { readCredential } from '../verification/c2pa-reader.ts';
import { trustRoots } from '../verification/trust-roots.ts';

export interface Picture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
  readonly type: PictureHeader['type'];
}

export const param = 'input_reference';

/** @throws EverframeError naming rule and value */
export async function checkPicture(c: Context<AppEnv>, bytes: Uint8Array<ArrayBuffer>): Promise<Picture> {
  if (bytes.length === 0) throw new EverframeError('invalid_value', `'${param}' is empty.`, { param });
  if (bytes.length > PICTURE_LIMITS.max_bytes) throw pictureTooLarge();
  const header = readHeader(bytes);
  const fault = pictureFault(header);
  if (fault) throw new EverframeError('invalid_value', `'${param}' ${fault}.`, { param });
  if (header.has_manifest) await requireUnaltered(c, bytes, header);
  return { bytes, sha256: await sha256Hex(bytes), type: header.type };
}

export function pictureTooLarge(): EverframeError {
  return new EverframeError('body_too_large', `A picture may have at most ${PICTURE_LIMITS.max_bytes} bytes. Save it smaller.`, { param });
}

function readHeader(bytes: Uint8Array): PictureHeader {
  try {
    return readPictureHeader(bytes);
  } catch (cause) {
    if (!(cause instanceof PictureError)) throw cause;
    const type = mediaTypeOf(bytes);
    const what = type && type !== 'image/jpeg' && type !== 'image/png' ? `is ${type}` : cause.message;
    throw new EverframeError('unsupported_file', `'${param}' must be a JPEG or a PNG; it ${what}.`, { param, cause });
  }
}

/** The video's manifest will vouch for what it was made from. */
async function requireUnaltered(c: Context<AppEnv>, bytes: Uint8Array, { type }: PictureHeader): Promise<void> {
  const report = await readCredential(bytes, type, await trustRoots(c.env, c.get('settings').allowDevelopmentRoot));
  if (report.verdict !== 'altered' && report.verdict !== 'invalid_credential' && report.verdict !== 'unreadable') return;
  throw new EverframeError(
    'unsupported_file',
    `'${param}' carries content credentials that do not hold. ${report.summary} Send the original, or a copy without credentials.`,
    { param },
  );
}
