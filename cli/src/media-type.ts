/** The type of a media file by its first bytes; its name may lie. */
import { open } from 'node:fs/promises';
import { type CheckedMediaType, MEDIA_TYPE_BYTES, mediaTypeOf as typeOfHead } from '@everframe/shared/verification';
import { errorCode, Failure } from './failure.ts';

/** @throws Failure where the file is missing, unreadable, or of no type that can carry a credential here */
export async function mediaTypeOf(path: string): Promise<CheckedMediaType> {
  const found = typeOfHead(await readHead(path));
  if (found) return found;
  throw new Failure(`${path} is no MP4 or QuickTime video and no JPEG, PNG, WebP, GIF, HEIC or AVIF picture.`);
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer } = await file.read(Buffer.alloc(MEDIA_TYPE_BYTES), 0, MEDIA_TYPE_BYTES, 0);
      return buffer;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new Failure(reasonFor(path, errorCode(cause)), { cause });
  }
}

function reasonFor(path: string, code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `There is no file ${path}.`;
    case 'EISDIR':
      return `${path} is a folder, not a file.`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read.`;
    default:
      return `${path} cannot be read.`;
  }
}
