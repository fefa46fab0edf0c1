/** The type of a media file by its first bytes; its name may lie. */
import { open } from 'node:fs/promises';
import { errorCode, Failure } from './failure.ts';

/** @throws Failure where the file is missing, unreadable, or of no type that can carry a credential here */
export async function mediaTypeOf(path: string): Promise<string> {
  const head = await readHead(path);
  if (head.toString('latin1', 4, 8) === 'ftyp') return 'video/mp4';
  if (head.readUInt16BE(0) === 0xffd8) return 'image/jpeg';
  if (head.toString('latin1', 1, 4) === 'PNG') return 'image/png';
  throw new Failure(`${path} is not an MP4 video, JPEG or PNG picture.`);
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer } = await file.read(Buffer.alloc(16), 0, 16, 0);
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
