/**
 * A message's whole way: parse, claim, acknowledge, make the video under a lease, and say how it ended.
 * Whatever goes wrong, the video is released or failed with a code, or left to its lease; never forgotten.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClaimAnswer, describeError, JobMessage } from '@everframe/shared';
import type { Delivery } from './consume.ts';
import { EdgeError } from './edge-client.ts';
import type { JobContext } from './job.ts';
import { asJobError } from './job-error.ts';
import { Lease } from './lease.ts';
import type { Log } from './log.ts';
import { makeVideo } from './make-video.ts';
import { NOT_OURS } from './not-ours.ts';
import { restampVideo } from './restamp-video.ts';

/** @throws when the message must stay in the queue: unreadable, or the edge is away */
export async function handleJob(context: JobContext, delivery: Delivery): Promise<void> {
  const { video_id, work } = JobMessage.parse(JSON.parse(delivery.body));
  if (work === 'restamp') return restampVideo(context, video_id, delivery);
  const asked_at_ms = Date.now();
  const claim = await claimVideo(context, video_id);
  if (!claim) return delivery.acknowledge();

  // The lease owns the work from here, and beats however long the queue takes to hear of it.
  const lease = new Lease(context.edge, video_id, claim, asked_at_ms);
  const { command, segments, request_id } = claim;
  const log: Log = (level, message, fields) => context.log(level, message, { video_id, request_id, epoch: claim.epoch, ...fields });
  log('info', 'claimed', { model: command.model, frames_total: command.endless ? undefined : command.frames, from_chunk: segments.length });
  const scratch_dir = join(context.scratch_dir, `${video_id}-${claim.epoch}`);
  try {
    await delivery.acknowledge();
    const outcome = await makeVideo({ ...context, log, scratch_dir }, lease, claim);
    log('info', outcome, { seconds: (Date.now() - asked_at_ms) / 1000 });
  } catch (error) {
    await giveBack(context, log, lease, error);
  } finally {
    lease.end();
    await rm(scratch_dir, { recursive: true, force: true });
  }
}

/** The claim, or undefined where there is nothing to do. */
async function claimVideo(context: JobContext, video_id: string): Promise<ClaimAnswer | undefined> {
  try {
    return await context.edge.claim(video_id, context.worker_id, AbortSignal.timeout(60_000));
  } catch (error) {
    if (error instanceof EdgeError && NOT_OURS.includes(error.code)) {
      context.log('info', 'nothing to do', { video_id, code: error.code });
      return undefined;
    }
    throw error;
  }
}

async function giveBack(context: JobContext, log: Log, lease: Lease, error: unknown): Promise<void> {
  const cause = lease.signal.aborted ? lease.signal.reason : error;
  if (lease.signal.aborted || (error instanceof EdgeError && NOT_OURS.includes(error.code))) {
    log('warn', 'the video is no longer ours', { error: describeError(cause) });
    return;
  }
  const failure = asJobError(error);
  const { code, permanent } = failure;
  log('error', 'job failed', { error: describeError(failure), code, permanent });
  const { epoch, video_id } = lease;
  const report = permanent
    ? context.edge.fail(video_id, { epoch, code, message: failure.message.slice(0, 500) }, lease.signal)
    : context.edge.release(video_id, { epoch, reason: 'error', code }, lease.signal);
  await report.catch((cause: unknown) =>
    log('warn', 'the edge did not hear of it; the lease will run out', { error: describeError(cause) }),
  );
}
