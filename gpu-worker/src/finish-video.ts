/**
 * From committed segments to a published video: fetch what another worker made, join without re-encoding, sign,
 * read back, upload with a thumbnail, complete. `signAsset` lets nothing through that does not validate.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClaimAnswer, finalKey, type Segment, segmentsInEffect, thumbnailKey } from '@everframe/shared';
import packageJson from '../package.json' with { type: 'json' };
import type { JobContext } from './job.ts';
import { JobError, step } from './job-error.ts';
import type { Lease } from './lease.ts';
import { joinSegments } from './media/final-file.ts';
import { encodeThumbnail } from './media/thumbnail.ts';
import { type Progress, segmentPath } from './progress.ts';
import type { GenerationFacts } from './provenance/assertions.ts';
import { promptFacts } from './provenance/prompt-facts.ts';
import { signAsset } from './provenance/sign-asset.ts';
import { UntrustedError } from './provenance/untrusted-error.ts';

export async function finishVideo(context: JobContext, lease: Lease, claim: ClaimAnswer, progress: Progress): Promise<void> {
  const { edge, scratch_dir } = context;
  const { video_id, epoch, signal } = lease;
  const ticket = () => lease.ticket;
  const [first] = progress.segments;
  if (!first || progress.parent === null || !progress.checkpoint) throw new Error('a video without a commit cannot be finished');

  await fetchMissing(context, lease, progress.segments);
  const init = await edge.download(ticket, first.init, signal);
  const paths = progress.segments.map((segment) => segmentPath(scratch_dir, segment.chunk_index));
  const joined = join(scratch_dir, 'joined.mp4');
  await joinSegments(init, paths, joined);

  const state = await edge.download(ticket, progress.checkpoint, signal);
  const { rgb, width, height } = await context.inference.thumbnail(state);
  const picture = join(scratch_dir, 'picture.jpg');
  await writeFile(picture, encodeThumbnail(rgb, width, height));

  const facts = generationFacts(context, lease, claim, first);
  const video_path = await sign(context, joined, 'video/mp4', facts);
  const thumbnail_path = await sign(context, picture, 'image/jpeg', facts);
  const [video, thumbnail] = await Promise.all([
    edge.upload(ticket, finalKey(video_id, epoch), { path: video_path }, 'video/mp4', signal),
    edge.upload(ticket, thumbnailKey(video_id, epoch), { path: thumbnail_path }, 'image/jpeg', signal),
  ]);
  await edge.complete(video_id, { epoch, parent: progress.parent, video, thumbnail }, signal);
}

async function fetchMissing({ edge, scratch_dir }: JobContext, lease: Lease, segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    const path = segmentPath(scratch_dir, segment.chunk_index);
    if (!existsSync(path)) await writeFile(path, await edge.download(() => lease.ticket, segment.media, lease.signal));
  }
}

async function sign(
  context: JobContext,
  source_path: string,
  mime_type: 'video/mp4' | 'image/jpeg',
  facts: GenerationFacts,
): Promise<string> {
  const out_path = source_path.replace(/(\.\w+)$/, '-signed$1');
  await step('signing_failed', async () => {
    try {
      const { signer, time_stamp_urls } = context;
      const { time_stamp, faults } = await signAsset({ signer, source_path, mime_type, out_path, facts, time_stamp_urls });
      if (faults.length > 0) context.log('warn', time_stamp ? 'a time-stamp authority failed' : 'signed without a time-stamp', { faults });
    } catch (cause) {
      if (!(cause instanceof UntrustedError)) throw cause;
      throw new JobError('signing_failed', 'the signature is not trusted, so the video is not published', { permanent: true, cause });
    }
  });
  return out_path;
}

function generationFacts(
  context: JobContext,
  lease: Lease,
  { command, created_at_ms, prompt_key }: ClaimAnswer,
  first: Segment,
): GenerationFacts {
  const model = context.inference.packages.get(command.model);
  const package_sha256 = context.package_digests.get(command.model);
  if (!model || !package_sha256) throw new Error(`no package for the model ${command.model}`);
  return {
    video_id: lease.video_id,
    title: lease.video_id,
    origin: { kind: 'created' },
    model: { name: model.name, title: model.title, version: model.version, package_sha256 },
    seed: command.seed,
    frames: command.frames,
    fps: command.fps,
    width: command.width,
    height: command.height,
    provider: context.inference.provider,
    encoder: first.encoder,
    prompts: promptFacts({ ...command, segments: segmentsInEffect(command, model) }, prompt_key),
    created_at: new Date(created_at_ms),
    generator_version: packageJson.version,
  };
}
