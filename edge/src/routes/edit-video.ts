/**
 * POST /v1/videos/edits: a completed video once more under another prompt, begun from its own pictures. What it begins from
 * is copied before it is recorded, so that the old video can be deleted at any time.
 */
import { type Asset, EverframeError, sourceKey, toEditCommand, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { joinAssets } from '../storage/join-assets.ts';
import { videoNotFound } from '../videos/video-id.ts';
import { findParentVideo } from './find-parent-video.ts';
import { requireContent } from './get-content.ts';
import { promptsOf } from './make-video.ts';
import { copyParentFile } from './parent-file.ts';
import { placeOrder } from './place-order.ts';
import { EXTENSION_BODY_MAX_BYTES, readCreateRequest } from './read-create-request.ts';

const FIELDS = ['video', 'prompt', 'strength', 'segments', 'negative_prompt', 'prompt_disclosure', 'strict'];

export async function editVideo(c: Context<AppEnv>): Promise<Response> {
  const { video, ...request } = await readCreateRequest(c.req.raw, EXTENSION_BODY_MAX_BYTES);
  refuseUnknownFields(request);
  const parent = await findParentVideo(c, video);
  requireContent(c, parent, 'video');
  const command = toEditCommand(request, parent.id, parent.command, PACKAGES);
  const latents = await keptLatents(c, parent);
  const { negative_prompt } = command;
  return placeOrder(c, {
    ...{ command, prompts: promptsOf(command), negative_prompt },
    request: { ...request, edited_from_video_id: parent.id },
    prepare: async (id) => {
      const [source, parent_file] = await Promise.all([
        joinAssets(c.env.MEDIA, latents, sourceKey(id)),
        copyParentFile(c.env.MEDIA, parent, id),
      ]);
      if (!source) throw videoNotFound(parent.id);
      return { source, parent_file };
    },
  });
}

/** Of each chunk. @throws EverframeError where there are none, or the video was deleted meanwhile */
async function keptLatents(c: Context<AppEnv>, { id, command }: VideoRecord): Promise<Asset[]> {
  const latents = await c.env.VIDEO.getByName(id).latents();
  if (!latents) throw videoNotFound(id);
  if (latents.every((asset) => asset !== null)) return latents;
  throw new EverframeError(
    'unsupported_operation',
    `The video was made before ${command.model} kept what an edit begins from. Remix it instead: POST /v1/videos/${id}/remix.`,
    { param: 'video' },
  );
}

function refuseUnknownFields(request: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(request).find((field) => !FIELDS.includes(field));
  if (unknown === undefined) return;
  const param = unknown.slice(0, 60).toWellFormed();
  throw new EverframeError(
    'unknown_parameter',
    `Unknown parameter of an edit: '${param}'. Known are ${FIELDS.join(', ')}; all else is as in the video.`,
    { param },
  );
}
