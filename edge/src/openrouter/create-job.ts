/** POST /api/v1/videos: OpenRouter's fields into the path of `POST /v1/videos`, or of an extension where they name a job to go on from. */
import { type Callback, CREATE_WITH_PICTURE_MAX_BYTES, EverframeError, URL_MAX_CHARACTERS, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { checkUrl } from '../http/outbound-guard.ts';
import { publicOrigin } from '../http/public-origin.ts';
import { parseJsonObject, readBody } from '../http/read-body.ts';
import { makeExtension } from '../routes/extend-video.ts';
import { makeVideo } from '../routes/make-video.ts';
import type { Answer } from '../routes/place-order.ts';
import { addressedTo } from './get-job.ts';
import { toJobView } from './job-view.ts';
import { toCreateRequest } from './translate.ts';

export async function createJob(c: Context<AppEnv>): Promise<Response> {
  requireJson(c);
  const { previous_job_id, callback_url, ...body } = parseJsonObject(await readBody(c.req.raw, CREATE_WITH_PICTURE_MAX_BYTES));
  try {
    const request = toCreateRequest(body, PACKAGES);
    const order = { answer, callback: await readCallback(c, callback_url) };
    if (previous_job_id === undefined || previous_job_id === null) return await makeVideo(c, request, order);
    const { model, size, seed, ...more } = request;
    const check = (parent: VideoRecord) => requireSame(parent, { model, size, seed });
    return await makeExtension(c, { ...more, video: { id: previous_job_id } }, { ...order, check });
  } catch (error) {
    throw inDialect(error);
  }
}

const answer: Answer = async (c, video, warnings) => c.json({ ...(await toJobView(video, addressedTo(c))), warnings }, 202);

function requireJson(c: Context<AppEnv>): void {
  const content_type = c.req.header('content-type') ?? '';
  if (content_type.split(';')[0]?.trim().toLowerCase() === 'application/json') return;
  throw new EverframeError('unsupported_media_type', `The content type must be application/json; got '${content_type.slice(0, 100)}'.`);
}

async function readCallback(c: Context<AppEnv>, url: unknown): Promise<Callback | null> {
  if (url === undefined || url === null) return null;
  const param = 'callback_url';
  if (typeof url !== 'string') throw new EverframeError('invalid_type', "'callback_url' must be a string.", { param });
  if (url.length > URL_MAX_CHARACTERS) {
    throw new EverframeError('string_too_long', `'callback_url' may have ${URL_MAX_CHARACTERS} characters; got ${url.length}.`, { param });
  }
  await checkUrl(url, c.get('settings').outbound);
  return { url, origin: publicOrigin(c) };
}

/** What goes on is as it was: another model, size or seed would be ignored. */
function requireSame({ command }: VideoRecord, asked: Readonly<Record<'model' | 'size' | 'seed', unknown>>): void {
  const own = { model: command.model, size: `${command.width}x${command.height}`, seed: command.seed };
  for (const param of ['model', 'size', 'seed'] as const) {
    if (asked[param] === undefined || asked[param] === own[param]) continue;
    throw new EverframeError(
      'invalid_value',
      `'${param}' is as in the video that goes on, '${own[param]}'; got ${JSON.stringify(asked[param])?.slice(0, 60).toWellFormed()}.`,
      { param },
    );
  }
}

/** By the names of the other dialect: what the parser calls them. */
const NAMES: Readonly<Record<string, string>> = {
  seconds: 'duration',
  video: 'previous_job_id',
  video_id: 'previous_job_id',
  url: 'callback_url',
  ...{ input_reference: 'frame_images', 'input_reference.image_url': 'frame_images[0].image_url.url' },
};

function inDialect(error: unknown): unknown {
  if (!(error instanceof EverframeError) || error.param === null) return error;
  const param = NAMES[error.param];
  if (param === undefined) return error;
  const message = error.message.replaceAll(`'${error.param}'`, `'${param}'`);
  return new EverframeError(error.code, message, { param, details: error.details, cause: error });
}
