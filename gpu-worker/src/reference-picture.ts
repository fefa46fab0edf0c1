/** The picture that a video begins with: as pixels for its first chunk, and as a file for what its manifests say of it. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GenerationCommand, PictureError, readPictureHeader } from '@everframe/shared';
import type { RgbImage } from './generation/family.ts';
import type { JobContext } from './job.ts';
import { JobError } from './job-error.ts';
import type { Lease } from './lease.ts';
import { readPicture } from './picture/read-picture.ts';
import type { InputFile } from './provenance/ingredients.ts';

/** @returns undefined where the command has none; @throws JobError, for good, where it can't be read */
export async function readReferencePicture(context: JobContext, lease: Lease, command: GenerationCommand): Promise<RgbImage | undefined> {
  const file = await fetchReferencePicture(context, lease, command);
  if (!file) return undefined;
  try {
    return await readPicture(await readFile(file.path), command, lease.signal);
  } catch (cause) {
    if (!(cause instanceof PictureError)) throw cause;
    throw new JobError('picture_unreadable', `the picture ${cause.message}`, { permanent: true, cause });
  }
}

/** Fetched once for each job. @returns undefined where nothing that this video made for itself began with one */
export async function fetchReferencePicture(
  { edge, scratch_dir }: JobContext,
  lease: Lease,
  { input_reference, continues }: GenerationCommand,
): Promise<InputFile | undefined> {
  // An extension begins with its parent's frames, and its manifest names the parent.
  if (!input_reference || (continues && continues.kept_frames > 0)) return undefined;
  const path = join(scratch_dir, 'reference-picture');
  if (!existsSync(path)) await writeFile(path, await edge.download(() => lease.ticket, input_reference, lease.signal));
  return { path, mime_type: readPictureHeader(await readFile(path)).type, title: 'reference picture' };
}
