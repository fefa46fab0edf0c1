/**
 * POST /v1/videos/{id}/remix: the video once more under another prompt, with its seed, length, size and picture, from its first frame.
 * Its timed prompts are not taken over: they would lead back to what it was.
 */
import { EverframeError, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findVideo } from './find-video.ts';
import { makeVideo } from './make-video.ts';
import { copyParentFile } from './parent-file.ts';
import { copyOwnPicture } from './parent-picture.ts';
import type { Prepared } from './place-order.ts';
import { readCreateRequest } from './read-create-request.ts';

const FIELDS = ['prompt', 'segments', 'negative_prompt', 'prompt_disclosure', 'strict'];

export async function remixVideo(c: Context<AppEnv>): Promise<Response> {
  const parent = await findVideo(c);
  const { id, command, endless } = parent;
  const request = await readCreateRequest(c.req.raw);
  const unknown = Object.keys(request).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    const param = unknown.slice(0, 60).toWellFormed();
    throw new EverframeError(
      'unknown_parameter',
      `Unknown parameter of a remix: '${param}'. Known are ${FIELDS.join(', ')}; all else is as in the video. Create a new one to change it.`,
      { param },
    );
  }
  const { model, width, height, seed, negative_prompt, prompt_disclosure } = command;
  const seconds = endless ? 'endless' : command.seconds;
  return makeVideo(
    c,
    { negative_prompt, prompt_disclosure, ...request, model, seconds, size: `${width}x${height}`, seed },
    { remixed_from_video_id: id, prepare: (remix_id) => copyFromParent(c, parent, remix_id) },
  );
}

async function copyFromParent(c: Context<AppEnv>, parent: VideoRecord, id: string): Promise<Prepared> {
  const [input_reference, parent_file] = await Promise.all([copyOwnPicture(c, parent, id), copyParentFile(c.env.MEDIA, parent, id)]);
  return { input_reference, parent_file };
}
