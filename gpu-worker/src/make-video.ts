/**
 * One claimed video, from its last commit to its end: each chunk is encoded, signed, uploaded and committed with the state
 * after it; then the segments are joined, signed, read back and published. Knows the order, not how any step is done.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { type ClaimAnswer, checkpointKey, latentsKey, type Segment, segmentKey, stillsKey } from '@everframe/shared';
import { finishVideo } from './finish-video.ts';
import type { GeneratedChunk } from './inference-process.ts';
import type { JobContext } from './job.ts';
import { JobError, step } from './job-error.ts';
import type { Lease } from './lease.ts';
import { LiveStream } from './live-stream.ts';
import { type Encoder, pickEncoder } from './media/encoder.ts';
import { markChunk } from './media/mark-chunk.ts';
import { makeSegment } from './media/segmenter.ts';
import { encodeStills } from './media/stills.ts';
import { framesDone, type Progress, segmentPath } from './progress.ts';
import { readReferencePicture } from './reference-picture.ts';
import { Steering } from './steering.ts';

/** @returns `completed`, or `released` when the worker is shutting down */
export async function makeVideo(context: JobContext, lease: Lease, claim: ClaimAnswer): Promise<'completed' | 'released'> {
  let { command } = claim;
  requireModel(context, claim);
  await mkdir(context.scratch_dir, { recursive: true });
  const encoder = await step('encoding_failed', () => chooseEncoder(context, claim));
  const live = new LiveStream(context, lease, claim, encoder);
  let progress: Progress = claim;

  if (framesDone(progress) < command.frames) {
    const checkpoint = claim.checkpoint ? await context.edge.download(() => lease.ticket, claim.checkpoint, lease.signal) : undefined;
    const source = claim.source ? await context.edge.download(() => lease.ticket, claim.source, lease.signal) : undefined;
    const image = checkpoint ? undefined : await readReferencePicture(context, lease, command);
    const stream = context.inference.generate(command, { checkpoint, source, image }, lease.signal);
    const steering = new Steering(stream, command, context.log);
    lease.listen((directives) => void steering.obey(directives));
    // Before the first chunk, so that a prompt which came while the video waited holds from its beginning.
    await steering.obey(claim.directives);
    for await (const chunk of stream) {
      progress = await deliverChunk(context, lease, claim, encoder, live, progress, chunk, steering);
      if (context.stop.aborted && framesDone(progress) < steering.command.frames) {
        await context.edge.release(lease.video_id, { epoch: lease.epoch, reason: 'shutdown' }, lease.signal);
        return 'released';
      }
    }
    lease.listen(() => undefined);
    command = steering.command;
  }
  await finishVideo(context, lease, { ...claim, command }, progress);
  return 'completed';
}

function requireModel({ inference }: JobContext, { command: { model, model_version } }: ClaimAnswer): void {
  const found = inference.packages.get(model);
  if (found?.version === model_version) return;
  const here = found ? `version ${found.version}` : 'none';
  throw new JobError('model_unavailable', `the video needs ${model} ${model_version}; this worker has ${here} of it`);
}

/** A video keeps the encoder that it began with: parameter sets must be the same in all of its segments. */
function chooseEncoder({ encoders }: JobContext, { command, segments: [first] }: ClaimAnswer): Encoder {
  if (!first) return pickEncoder(encoders, command);
  const encoder = encoders.get(first.encoder);
  if (!encoder) throw new Error(`this video was begun with the encoder ${first.encoder}, which this worker does not have`);
  return encoder;
}

/** Encodes, uploads and commits one chunk. */
async function deliverChunk(
  context: JobContext,
  lease: Lease,
  { command, mark }: ClaimAnswer,
  encoder: Encoder,
  live: LiveStream,
  progress: Progress,
  chunk: GeneratedChunk,
  steering: Steering,
): Promise<Progress> {
  const { edge, scratch_dir, log } = context;
  const { video_id, epoch, signal } = lease;
  const ticket = () => lease.ticket;
  const { chunk_index, first_frame, frame_count } = chunk;
  const began_at_ms = Date.now();
  const { width, height, fps } = command;
  const { luma_cells, still_pictures, ...files } = await step('encoding_failed', async () => {
    const luma_cells = await markChunk(chunk.frames, { width, height, fps, first_frame, mark, signal });
    const still_pictures = await encodeStills(chunk.frames, { width, height, fps, first_frame });
    const encoded = await encoder.encode(chunk.frames, { width, height, fps, signal });
    return { ...makeSegment(encoded, { width, height, fps, chunk_index, first_frame }), luma_cells, still_pictures };
  });
  const encoded_at_ms = Date.now();
  const { init, signed } = await live.sign(files, chunk, progress);
  const signed_at_ms = Date.now();

  await writeFile(segmentPath(scratch_dir, chunk_index), signed);
  const [media, checkpoint, latents, stills] = await Promise.all([
    edge.upload(ticket, segmentKey(video_id, epoch, chunk_index), signed, 'video/iso.segment', signal),
    edge.upload(ticket, checkpointKey(video_id, epoch, chunk_index), chunk.checkpoint, 'application/octet-stream', signal),
    chunk.latents
      ? edge.upload(ticket, latentsKey(video_id, epoch, chunk_index), chunk.latents, 'application/octet-stream', signal)
      : undefined,
    still_pictures ? edge.upload(ticket, stillsKey(video_id, epoch, chunk_index), still_pictures, 'image/jpeg', signal) : undefined,
  ]);
  const segment: Segment = {
    chunk_index,
    first_frame,
    frames: frame_count,
    init,
    media,
    latents,
    stills,
    encoder: encoder.name,
    mark: mark ?? null,
    luma_cells,
  };
  const asked_at_ms = Date.now();
  const { answers } = steering;
  const answer = await edge.commit(video_id, { epoch, parent: progress.parent, segment, checkpoint, answers: [...answers] }, signal);
  steering.stored(answers);
  lease.renew(answer, asked_at_ms);
  log('info', 'committed', {
    chunk_index,
    frames_done: first_frame + frame_count,
    frames_total: command.endless ? undefined : command.frames,
    denoise_ms: Math.round(chunk.denoise_ms),
    decode_ms: Math.round(chunk.decode_ms),
    encode_ms: encoded_at_ms - began_at_ms,
    sign_ms: signed_at_ms - encoded_at_ms,
    deliver_ms: Date.now() - signed_at_ms,
  });
  return { parent: answer.commit_id, segments: [...progress.segments, segment], checkpoint };
}
