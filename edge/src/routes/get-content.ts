/** GET and HEAD /v1/videos/{id}/content?variant=video|thumbnail|spritesheet: the bytes of a finished video. */
import { type Asset, EverframeError, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { serveAsset } from '../storage/asset-reader.ts';
import { findVideo } from './find-video.ts';
import { POLL_AFTER_MS } from './get-video.ts';

export async function getContent(c: Context<AppEnv>): Promise<Response> {
  const variant = parseVariant(c.req.query('variant'));
  const video = await findVideo(c);
  const asset = requireContent(c, video, variant);
  const [content_type, extension] = variant === 'video' ? ['video/mp4', 'mp4'] : ['image/jpeg', 'jpg'];
  return serveAsset(c, asset, { content_type, file_name: `${video.id}.${extension}`, may_change: true });
}

/** As OpenAI's contract names them. */
export const CONTENT_VARIANTS = ['video', 'thumbnail', 'spritesheet'] as const;
type Variant = (typeof CONTENT_VARIANTS)[number];

function parseVariant(value = 'video'): Variant {
  const variant = CONTENT_VARIANTS.find((known) => known === value);
  if (variant) return variant;
  const message = `'variant' must be one of ${CONTENT_VARIANTS.join(', ')}; got '${value.slice(0, 60).toWellFormed()}'.`;
  throw new EverframeError('invalid_value', message, { param: 'variant' });
}

/** @throws EverframeError saying what state the video is in, where it has none */
export function requireContent(c: Context<AppEnv>, { status, error, ...video }: VideoRecord, variant: Variant): Asset {
  switch (status) {
    case 'completed': {
      const asset = video[variant];
      if (asset) return asset;
      if (variant !== 'spritesheet') throw new Error(`completed ${video.id} has no ${variant}`);
      throw new EverframeError(
        'asset_not_found',
        "The video has no spritesheet: it was made, or begun, before there were any. Ask for 'video' or 'thumbnail'.",
        { param: 'variant' },
      );
    }
    case 'failed':
      throw new EverframeError('video_failed', `The video failed: ${error?.message ?? 'no reason was recorded.'}`);
    case 'queued':
    case 'in_progress':
      // A stock client's two quick retries would be over long before the video is: it should poll the video instead.
      c.header('retry-after-ms', String(POLL_AFTER_MS));
      throw new EverframeError('video_not_ready', `The video is ${status}. Poll it until its status is 'completed', then ask again.`);
  }
}
