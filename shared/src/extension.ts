/**
 * From a request to make a video longer to the command of the longer one: what it was told, frame by frame, and the new
 * prompt from its old end on. Its length is that of both parts.
 */
import { EverframeError } from './errors.ts';
import { type GenerationCommand, type PromptSegment, parseSeconds } from './generation.ts';
import { borderBehind, framesOfChunk } from './generation-chunks.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt } from './prompt.ts';
import { requireServed } from './served-model.ts';
import { parseSegments } from './timed-prompts.ts';

/** What `POST /v1/videos/extensions` may carry beside the video. */
export interface ExtendVideoRequest {
  readonly prompt?: unknown;
  readonly seconds?: unknown;
  readonly segments?: unknown;
  readonly [extra: string]: unknown;
}

/**
 * @param request `seconds` that are added; `segments` with times that count from the end of the old part
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
  const seconds = parent.seconds + added;
  if (seconds > model.seconds.max) throw tooLong(parent.seconds, added, model);
  const { frames: first_frame } = parent;
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
  const kept_frames = Math.floor(first_frame / framesOfChunk(model)) * framesOfChunk(model);
  return {
    ...told,
    segments: [...parent.segments, continuation(parent, prompt), ...segments],
    // A last chunk that was cut short is made again from the same pictures.
    ...(edits && kept_frames < first_frame && { edits }),
    continues: { video_id, frames: first_frame, kept_frames },
    seconds,
    frames,
  };
}

/** What was said of the new part alone, as the prompt of its own first frame. Undefined for a video that continues none. */
export function extensionPrompt({ continues, segments }: GenerationCommand): string | undefined {
  return continues && segments.find(({ start_frame }) => start_frame === continues.frames)?.prompt;
}

/** Under the words that held until then, the look stays as well. */
function continuation(parent: GenerationCommand, prompt: string): PromptSegment {
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
