/**
 * POST /v1/videos/extensions: a completed video, or its beginning, and more behind it, as a new video. It gets copies of
 * what it begins with before it is recorded, so that the old one can be deleted at any time.
 */
import {
  type Asset,
  type CreateVideoRequest,
  EverframeError,
  type GenerationCommand,
  parseStrict,
  sourceKey,
  toExtensionCommand,
  type VideoRecord,
} from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { copyAsset, copyBeginning } from '../storage/copy-assets.ts';
import { videoNotFound } from '../videos/video-id.ts';
import type { Beginning } from '../videos/video-state.ts';
import { findParentVideo } from './find-parent-video.ts';
import { requireContent } from './get-content.ts';
import { copyParentFile } from './parent-file.ts';
import { copyOwnPicture } from './parent-picture.ts';
import { type Order, placeOrder } from './place-order.ts';
import { EXTENSION_BODY_MAX_BYTES, readCreateRequest } from './read-create-request.ts';

const FIELDS = ['video', 'prompt', 'seconds', 'from_seconds', 'segments', 'strict'];

export async function extendVideo(c: Context<AppEnv>): Promise<Response> {
  return makeExtension(c, await readCreateRequest(c.req.raw, EXTENSION_BODY_MAX_BYTES));
}

/** @param more `check` refuses a video that is found, where the caller has something against it */
export async function makeExtension(
  c: Context<AppEnv>,
  { video, ...request }: CreateVideoRequest,
  { answer, callback = null, check }: Pick<Order, 'answer' | 'callback'> & { readonly check?: (parent: VideoRecord) => void } = {},
): Promise<Response> {
  refuseUnknownFields(request);
  parseStrict(request);
  const parent = await findParentVideo(c, video);
  check?.(parent);
  requireContent(c, parent, 'video');
  const command = toExtensionCommand(request, parent.id, parent.command, PACKAGES);
  return placeOrder(c, {
    command,
    prompts: newPrompts(command),
    request: { ...request, extended_from_video_id: parent.id },
    ...(answer && { answer }),
    callback,
    prepare: async (id) => {
      const [beginning, input_reference, parent_file, source] = await Promise.all([
        copyKept(c, parent, command, id),
        copyOwnPicture(c, parent, id),
        copyParentFile(c.env.MEDIA, parent, id),
        copySource(c, parent, command, id),
      ]);
      return { beginning, input_reference, parent_file, source };
    },
  });
}

/** @returns null where nothing can be kept; @throws EverframeError where the video was deleted meanwhile */
async function copyKept(c: Context<AppEnv>, parent: VideoRecord, command: GenerationCommand, id: string): Promise<Beginning | null> {
  const kept_frames = command.continues?.kept_frames ?? 0;
  if (kept_frames === 0) return null;
  const stored = await c.env.VIDEO.getByName(parent.id).beginning(kept_frames);
  const copied = stored && (await copyBeginning(c.env.MEDIA, stored, id));
  if (!copied) throw videoNotFound(parent.id);
  return copied;
}

/** For the frames of an edit that are made again. @returns null where there are none */
async function copySource(
  c: Context<AppEnv>,
  { id, source }: VideoRecord,
  command: GenerationCommand,
  own_id: string,
): Promise<Asset | null> {
  if (!command.edits) return null;
  const copied = source && (await copyAsset(c.env.MEDIA, source, sourceKey(own_id)));
  if (!copied) throw videoNotFound(id);
  return copied;
}

/** What was judged with the old video is not judged again. */
function newPrompts({ segments, continues }: GenerationCommand): Record<string, string> {
  const [continuation, ...others] = segments.filter(({ start_frame }) => start_frame >= (continues?.frames ?? 0));
  const timed = others.map((segment, i) => [`segments[${i}].prompt`, segment.prompt]);
  return { prompt: continuation?.prompt ?? '', ...Object.fromEntries(timed) };
}

function refuseUnknownFields(request: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(request).find((field) => !FIELDS.includes(field));
  if (unknown === undefined) return;
  const param = unknown.slice(0, 60).toWellFormed();
  throw new EverframeError(
    'unknown_parameter',
    `Unknown parameter of an extension: '${param}'. Known are ${FIELDS.join(', ')}; all else is as in the video.`,
    { param },
  );
}
