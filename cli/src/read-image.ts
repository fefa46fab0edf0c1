/** The picture that a video is to begin with, refused before a service is started for it where its first bytes say enough. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { PICTURE_LIMITS, PictureError, readPictureHeader } from '@everframe/shared';
import { usageFailure } from './failure.ts';

/** @throws Failure with exit code 2 */
export async function readImage(path: string): Promise<File> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw usageFailure(`--image ${path} could not be read: ${cause instanceof Error ? cause.message : cause}.`);
  });
  if (bytes.length > PICTURE_LIMITS.max_bytes) {
    throw usageFailure(`--image ${path} has ${bytes.length} bytes; a picture may have at most ${PICTURE_LIMITS.max_bytes}.`);
  }
  try {
    readPictureHeader(bytes);
  } catch (error) {
    if (error instanceof PictureError) throw usageFailure(`--image ${path} ${error.message}; it must be a JPEG or a PNG.`);
    throw error;
  }
  return new File([bytes], basename(path));
}
