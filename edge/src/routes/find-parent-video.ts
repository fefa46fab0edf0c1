/** The video that a request wants longer or edited: named by its id, or sent as the file that was downloaded here. */
import { EverframeError, VERIFY_MAX_BYTES, VideoId, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { readCredential } from '../verification/c2pa-reader.ts';
import { trustRoots } from '../verification/trust-roots.ts';
import { videoNotFound } from '../videos/video-id.ts';

const NAME_IT = 'Name a video of yours by its id, as in {"video": {"id": "video_…"}}.';
const param = 'video';

/** @throws EverframeError where it is not a stored video of this account */
export async function findParentVideo(c: Context<AppEnv>, video: unknown): Promise<VideoRecord> {
  if (video === undefined)
    throw new EverframeError('missing_required_parameter', `Missing required parameter: 'video'. ${NAME_IT}`, { param });
  if (video instanceof File) return findByFile(c, video);
  const id = typeof video === 'object' && video !== null && !Array.isArray(video) ? (video as { id?: unknown }).id : undefined;
  if (typeof id !== 'string')
    throw new EverframeError('invalid_type', `'video' must be a file or an object with an 'id'. ${NAME_IT}`, { param });
  const [other] = Object.keys(video as object).filter((name) => name !== 'id');
  if (other !== undefined) {
    const name = `video.${other.slice(0, 60).toWellFormed()}`;
    throw new EverframeError('unknown_parameter', `Unknown parameter: '${name}'. A video has only 'id' here.`, { param: name });
  }
  const found = await findById(c, id);
  if (!found) throw videoNotFound(id);
  return found;
}

/** Another account's video is as unknown as one that never was. */
async function findById(c: Context<AppEnv>, id: string): Promise<VideoRecord | undefined> {
  if (!VideoId.safeParse(id).success) return undefined;
  const record = await c.env.VIDEO.getByName(id).view();
  return record?.account_id === c.get('account_id') ? record : undefined;
}

/** A file of ours says in its signed manifest which video it is; out of the pictures of any other nothing can be made. */
async function findByFile(c: Context<AppEnv>, file: File): Promise<VideoRecord> {
  if (file.size > VERIFY_MAX_BYTES) {
    throw new EverframeError('body_too_large', `A file may have at most ${VERIFY_MAX_BYTES} bytes here. ${NAME_IT}`, { param });
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(4, 8)) !== 'ftyp') {
    throw new EverframeError('unsupported_file', `The file is no MP4. Send one that was downloaded here. ${NAME_IT}`, { param });
  }
  const report = await readCredential(bytes, 'video/mp4', await trustRoots(c.env, c.get('settings').allowDevelopmentRoot));
  if (report.verdict !== 'ours') {
    throw new EverframeError(
      'unsupported_file',
      `Only a video that was made here, unaltered and with its manifest, can be made longer or edited. This file: ${report.summary} ${NAME_IT}`,
      { param },
    );
  }
  const [id] = report.actions.map(({ parameters }) => parameters['org.everframe.video_id']).filter((value) => typeof value === 'string');
  const found = id === undefined ? undefined : await findById(c, id);
  if (found) return found;
  throw new EverframeError(
    'video_not_found',
    `The file was made here, but its video is not stored in this account any more, or never was. ${NAME_IT}`,
    { param },
  );
}
