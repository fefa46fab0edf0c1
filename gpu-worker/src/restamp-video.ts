/**
 * The other errand of the queue: a published video was signed while no time-stamp authority answered. Its files are fetched, stamped, read
 * back as a stranger would read them, and published in the place of the others. Without an authority nothing is reported: the edge asks again.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Asset,
  describeError,
  finalKey,
  parsePublication,
  RESTAMP_SECONDS,
  type RestampAnswer,
  spritesheetKey,
  thumbnailKey,
} from '@everframe/shared';
import type { Delivery } from './consume.ts';
import { EdgeError } from './edge-client.ts';
import type { JobContext } from './job.ts';
import type { Log } from './log.ts';
import { NOT_OURS } from './not-ours.ts';
import type { SignedMimeType } from './provenance/assertions.ts';
import { type RestampOutcome, restampAsset } from './provenance/restamp-asset.ts';
import { signPublication } from './provenance/sign-publication.ts';

/** @throws when the edge is away: the message stays in the queue */
export async function restampVideo(context: JobContext, video_id: string, delivery: Delivery): Promise<void> {
  if (context.time_stamp_urls.length === 0) {
    // Claimed, it would keep the video from those who can. The edge asks again.
    context.log('warn', 'this worker has no time-stamp authority to ask (EVERFRAME_TIME_STAMP_URLS)', { video_id });
    return delivery.acknowledge();
  }
  const signal = AbortSignal.timeout(RESTAMP_SECONDS * 1000);
  const claim = await claimFiles(context, video_id, signal);
  await delivery.acknowledge();
  if (!claim) return;
  const { epoch, request_id } = claim;
  const log: Log = (level, message, fields) => context.log(level, message, { video_id, request_id, epoch, ...fields });
  const scratch_dir = join(context.scratch_dir, `${video_id}-${epoch}`);
  try {
    await mkdir(scratch_dir, { recursive: true });
    await stampFiles({ ...context, log, scratch_dir }, video_id, claim, signal);
  } catch (error) {
    log('warn', 'not time-stamped; it will be tried again', { error: describeError(error) });
  } finally {
    await rm(scratch_dir, { recursive: true, force: true });
  }
}

async function claimFiles(context: JobContext, video_id: string, signal: AbortSignal): Promise<RestampAnswer | undefined> {
  try {
    return await context.edge.restamp(video_id, context.worker_id, signal);
  } catch (error) {
    if (!(error instanceof EdgeError) || !NOT_OURS.includes(error.code)) throw error;
    context.log('info', 'nothing to do', { video_id, code: error.code });
    return undefined;
  }
}

async function stampFiles(context: JobContext, video_id: string, claim: RestampAnswer, signal: AbortSignal): Promise<void> {
  const { edge, log } = context;
  const { epoch } = claim;
  const files: Stamped[] = [];
  for (const kind of FILE_KINDS) {
    const asset = claim[kind];
    if (asset) files.push(await stamp(context, claim, kind, asset, signal));
  }
  if (files.some(({ outcome }) => outcome.kind === 'no_authority')) {
    const faults = files.flatMap(({ outcome }) => (outcome.kind === 'no_authority' ? outcome.faults : []));
    return log('warn', 'still without a time-stamp', { faults });
  }
  if (files.some(({ outcome }) => outcome.kind === 'no_room')) {
    return edge.restamped(video_id, { outcome: 'impossible', epoch, message: 'the signature kept no room for a time-stamp' }, signal);
  }
  if (files.every(({ outcome }) => outcome.kind === 'stamped_before')) {
    return edge.restamped(video_id, { outcome: 'stamped_before', epoch }, signal);
  }
  const stamped: { [Kind in FileKind]?: Asset } = Object.assign({}, ...(await Promise.all(files.map(publish))));
  const publication = stamped.video && claim.publication !== null ? await restate(context, claim.publication, stamped.video) : undefined;
  await edge.restamped(video_id, { outcome: 'stamped', epoch, ...stamped, ...(publication && { publication }) }, signal);
  log('info', 'time-stamped', { files: Object.keys(stamped) });

  /** What had its time-stamp before stays as it is. */
  async function publish({ kind, path, outcome }: Stamped): Promise<{ [Kind in FileKind]?: Asset }> {
    if (outcome.kind !== 'stamped') return {};
    const { key, mime_type } = FILES[kind];
    return { [kind]: await edge.upload(() => claim.ticket, key(video_id, epoch), await readFile(path), mime_type, signal) };
  }
}

/** The same of the file that takes the other's place. */
function restate({ signer }: JobContext, before: string, file: Asset): Promise<string> {
  const { video_id, manifest_id, model, model_version, model_sha256 } = parsePublication(before).facts;
  return signPublication(signer, {
    video_id,
    manifest_id,
    file,
    model: { name: model, version: model_version, package_sha256: model_sha256 },
  });
}

const FILE_KINDS = ['video', 'thumbnail', 'spritesheet'] as const;
type FileKind = (typeof FILE_KINDS)[number];
const FILES: Readonly<Record<FileKind, { key: (video_id: string, epoch: number) => string; mime_type: SignedMimeType; name: string }>> = {
  video: { key: finalKey, mime_type: 'video/mp4', name: 'video.mp4' },
  thumbnail: { key: thumbnailKey, mime_type: 'image/jpeg', name: 'thumbnail.jpg' },
  spritesheet: { key: spritesheetKey, mime_type: 'image/jpeg', name: 'spritesheet.jpg' },
};

interface Stamped {
  readonly kind: FileKind;
  readonly path: string;
  readonly outcome: RestampOutcome;
}

async function stamp(
  { edge, signer, time_stamp_urls, scratch_dir }: JobContext,
  { ticket }: RestampAnswer,
  kind: FileKind,
  asset: Asset,
  signal: AbortSignal,
): Promise<Stamped> {
  const { mime_type, name } = FILES[kind];
  const path = join(scratch_dir, name);
  await writeFile(path, await edge.download(() => ticket, asset, signal));
  const { trust_anchors_pem } = signer;
  return { kind, path, outcome: await restampAsset({ path, mime_type, time_stamp_urls, trust_anchors_pem }) };
}
