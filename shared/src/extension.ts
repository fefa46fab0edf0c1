/**
 * From a request to make a video longer to the command of the longer one: what it was told, frame by frame, and the new
 * prompt from its old end on, or from an earlier chunk border. Its length is that of both parts.
 */
import { branchStart, requireBranchable } from './branch.ts';
import { EverframeError } from './errors.ts';
import { type GenerationCommand, type PromptSegment, parseSeconds } from './generation.ts';
import { borderBehind, branchChunk, framesOfChunk } from './generation-chunks.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt } from './prompt.ts';
import { requireServed } from './served-model.ts';
import { parseSegments } from './timed-prompts.ts';

/** What `POST /v1/videos/extensions` may carry beside the video. */
export interface ExtendVideoRequest {
  readonly prompt?: unknown;
  readonly seconds?: unknown;
  readonly segments?: unknown;
  readonly from_seconds?: unknown;
  readonly [extra: string]: unknown;
}

/**
 * @param request `from_seconds` of the old video where the new part begins, its end by default; `seconds` that are added;
 * `segments` with times that count from there
 * @param packages those that are served
 * @throws EverframeError naming field, rule and value
 */
export function toExtensionCommand(
  request: ExtendVideoRequest,
  video_id: string,
  parent: GenerationCommand,
  packages: readonly ModelPackage[],
): GenerationCommand {
  const model = requireServed(parent, packages, 'nothing can go on from it');
  if (request.seconds === 'endless') {
    throw new EverframeError('invalid_value', "An extension has an end: 'seconds' must say how much longer the video is to be.", {
      param: 'seconds',
    });
  }
  const added = parseSeconds(request.seconds, model);
  const first_frame = branchStart(request.from_seconds, parent, model);
  const kept_seconds = first_frame === parent.frames ? parent.seconds : Math.ceil(first_frame / model.fps);
  const seconds = kept_seconds + added;
  if (seconds > model.seconds.max) throw tooLong(kept_seconds, added, model);
  const frames = first_frame + added * model.fps;
  const prompt = parsePrompt(request.prompt);
  const segments = parseSegments(request.segments, model, added, first_frame);
  const border = borderBehind(first_frame, model);
  if (border >= frames) {
    const least = Math.floor((border - first_frame) / model.fps) + 1;
    throw new EverframeError('invalid_value', `'seconds' must be ${least} or more for this video: its next chunk begins there.`, {
      param: 'seconds',
    });
  }
  const { edits, ...told } = parent;
  const kept_frames = keptFrames(first_frame, parent, model);
  if (first_frame < parent.frames) requireBranchable(parent, kept_frames, model);
  const known = parent.segments.filter(({ start_frame }) => borderBehind(start_frame, model) < first_frame);
  const before = { ...parent, segments: first_frame < parent.frames ? known : parent.segments, frames: first_frame };
  return {
    ...told,
    segments: [...before.segments, continuation(before, prompt), ...segments],
    // A last chunk that was cut short is made again from the same pictures.
    ...(edits && kept_frames < first_frame && { edits }),
    continues: { video_id, frames: first_frame, kept_frames },
    seconds,
    frames,
  };
}

/** Frames that are taken over as they are; those between them and the new part are made again on the same way. */
function keptFrames(first_frame: number, parent: GenerationCommand, model: ModelPackage): number {
  const chunk_frames = framesOfChunk(model);
  if (first_frame === parent.frames) return Math.floor(first_frame / chunk_frames) * chunk_frames;
  return ((branchChunk(first_frame, model) ?? -1) + 1) * chunk_frames;
}

/** What was said of the new part alone, as the prompt of its own first frame. Undefined for a video that continues none. */
export function extensionPrompt({ continues, segments }: GenerationCommand): string | undefined {
  return continues && segments.find(({ start_frame }) => start_frame === continues.frames)?.prompt;
}

/** Under the words that held until then, the look stays as well. */
function continuation(parent: Pick<GenerationCommand, 'prompt' | 'segments' | 'frames'>, prompt: string): PromptSegment {
  const last = parent.segments.at(-1)?.prompt ?? parent.prompt;
  return { start_frame: parent.frames, prompt, anchor: prompt === last ? 'keep' : 'renew', blend_chunks: 0 };
}

function tooLong(seconds: number, added: number, { name, seconds: { max } }: ModelPackage): EverframeError {
  const room = max - seconds;
  const remedy = room > 0 ? `Ask for ${room} or fewer.` : 'It cannot be made longer.';
  return new EverframeError(
    'invalid_value',
    `'seconds' of ${added} would make the video ${seconds + added} s long; ${name} makes up to ${max}. ${remedy}`,
    { param: 'seconds' },
  );
}
