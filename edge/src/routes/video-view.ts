/** A video as its owner sees it: the 13 fields of OpenAI's contract, always all of them, and ours beside them. */
import { deliveredMicroUsd, extensionPrompt, type GenerationCommand, type VideoRecord } from '@everframe/shared';
import type { VideoView } from '../openapi/answers.ts';

export function toVideoView(video: VideoRecord): VideoView {
  const { command, frames_done } = video;
  return {
    id: video.id,
    object: 'video',
    model: command.model,
    status: video.status,
    progress: progressOf(video),
    created_at: toUnixSeconds(video.created_at_ms),
    completed_at: video.completed_at_ms === null ? null : toUnixSeconds(video.completed_at_ms),
    expires_at: video.expires_at_ms === null ? null : toUnixSeconds(video.expires_at_ms),
    prompt: extensionPrompt(command) ?? command.prompt,
    size: `${command.width}x${command.height}`,
    seconds: secondsOf(video),
    remixed_from_video_id: video.remixed_from_video_id,
    extended_from_video_id: command.continues?.video_id ?? null,
    edited_from_video_id: editOf(command)?.video_id ?? null,
    strength: editOf(command)?.strength ?? null,
    error: video.error,
    negative_prompt: command.negative_prompt,
    segments: timeline(command).map(({ start_frame, prompt, anchor, blend_chunks }) => ({
      ...{ start: start_frame / command.fps, prompt, anchor, blend: blend_chunks },
    })),
    prompt_disclosure: command.prompt_disclosure,
    seed: command.seed,
    fps: command.fps,
    frames: { done: frames_done, total: totalOf(video) },
    ended_by: endedBy(video),
    usage: usageOf(video),
  };
}

/** An extension was not edited itself, whatever its parent was. */
function editOf({ continues, edits }: GenerationCommand): GenerationCommand['edits'] {
  return continues ? undefined : edits;
}

/** The prompts that follow the first. Of an extension all of them: its `prompt` is that of its new part. */
function timeline({ continues, prompt, segments }: GenerationCommand): GenerationCommand['segments'] {
  return continues ? [{ start_frame: 0, prompt, anchor: 'renew', blend_chunks: 0 }, ...segments] : segments;
}

/** In micro-USD: what was reserved, and once the video has ended, what of it is charged. */
function usageOf({ price, status, error, command, frames_done }: VideoRecord): VideoView['usage'] {
  if (!price) return null;
  const delivered = deliveredMicroUsd(price, command, frames_done);
  switch (status) {
    case 'queued':
    case 'in_progress':
      return { estimated_micro_usd: price.micro_usd, charged_micro_usd: null };
    case 'completed':
      return { estimated_micro_usd: price.micro_usd, charged_micro_usd: delivered };
    case 'failed':
      return { estimated_micro_usd: price.micro_usd, charged_micro_usd: error?.code === 'cancelled' ? delivered : 0 };
  }
}

/** A number as text: a whole one, unless the video or the one that it continues ended early. An endless video has none until then. */
function secondsOf({ command, endless, status }: VideoRecord): string {
  return endless && status !== 'completed' ? 'endless' : String(command.frames / command.fps);
}

export function totalOf({ command, endless, status }: Pick<VideoRecord, 'status' | 'command' | 'endless'>): number | null {
  return endless && status !== 'completed' ? null : command.frames;
}

/** An endless video that nobody ended has reached the most that it may have. */
function endedBy({ endless, ended_by, status }: VideoRecord): VideoView['ended_by'] {
  return ended_by ?? (endless && status === 'completed' ? 'limit' : null);
}

/** Whole percent; 100 only when the video can be downloaded. Nobody knows how far an endless one is. */
export function progressOf({
  status,
  frames_done,
  command,
  endless,
}: Pick<VideoRecord, 'status' | 'frames_done' | 'command' | 'endless'>): number {
  if (status === 'completed') return 100;
  if (endless) return 0;
  const { frames, continues } = command;
  const begun = continues?.kept_frames ?? 0;
  return Math.min(99, Math.floor((100 * (frames_done - begun)) / (frames - begun)));
}

function toUnixSeconds(unix_ms: number): number {
  return Math.floor(unix_ms / 1000);
}
