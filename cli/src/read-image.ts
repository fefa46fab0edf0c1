/** The picture that a video is to begin with, refused before a service is started for it where its first bytes say enough. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { PICTURE_LIMITS, PictureError, pictureFault, readPictureHeader } from '@everframe/shared';
import { usageFailure } from './failure.ts';

/** @throws Failure with exit code 2 */
export async function readImage(path: string): Promise<File> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw usageFailure(`--image ${path} could not be read: ${cause instanceof Error ? cause.message : cause}.`);
  });
  if (bytes.length > PICTURE_LIMITS.max_bytes) {
    throw usageFailure(`--image ${path} has ${bytes.length} bytes; a picture may have at most ${PICTURE_LIMITS.max_bytes}.`);
  }
  const fault = faultOf(bytes);
  if (fault) throw usageFailure(`--image ${path} ${fault}.`);
  return new File([bytes], basename(path));
}

function faultOf(bytes: Uint8Array): string | undefined {
  try {
    return pictureFault(readPictureHeader(bytes));
  } catch (error) {
    if (error instanceof PictureError) return `${error.message}; it must be a JPEG or a PNG`;
    throw error;
  }
}
