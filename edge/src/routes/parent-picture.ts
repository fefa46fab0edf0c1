/** The picture that a video began with, for one that is made after it. */
import type { InputReference, VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { copyPicture } from '../pictures/store-picture.ts';
import { videoNotFound } from '../videos/video-id.ts';

/** @returns undefined where it began with none; @throws EverframeError where the video was deleted meanwhile */
export async function copyOwnPicture(c: Context<AppEnv>, parent: VideoRecord, id: string): Promise<InputReference | undefined> {
  const { input_reference } = parent.command;
  if (!input_reference) return undefined;
  const copied = await copyPicture(c.env.MEDIA, input_reference, id);
  if (!copied) throw videoNotFound(parent.id);
  return copied;
}
