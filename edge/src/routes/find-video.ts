/** The record of the video that the route names. Another account's video is as unknown as one that never was. */
import type { VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { videoNotFound } from '../videos/video-id.ts';

export async function findVideo(c: Context<AppEnv>): Promise<VideoRecord> {
  const { id, video } = videoObject(c);
  const record = await video.view();
  if (!record || record.account_id !== c.get('account_id')) throw videoNotFound(id);
  return record;
}
