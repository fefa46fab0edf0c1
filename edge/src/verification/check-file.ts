/** One file, checked against this deployment's roots. */
import { EverframeError } from '@everframe/shared';
import { mediaTypeOf, type VerificationReport } from '@everframe/shared/verification';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { readCredential } from './c2pa-reader.ts';
import { trustRoots } from './trust-roots.ts';

export async function checkFile(c: Context<AppEnv>, bytes: Uint8Array): Promise<VerificationReport> {
  const media_type = mediaTypeOf(bytes);
  if (!media_type) {
    throw new EverframeError(
      'unsupported_file',
      'The file is no MP4 or QuickTime video and no JPEG, PNG, WebP, GIF, HEIC or AVIF picture.',
      {
        param: 'file',
      },
    );
  }
  return readCredential(bytes, media_type, await trustRoots(c.env, c.get('settings').allowDevelopmentRoot));
}
